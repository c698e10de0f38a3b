/** The configuration in force, of a gateway whose configuration can be read again while it runs. */
import { type ConfigChange, changeOf, waitingWarning } from './change.ts';
import { following } from './following.ts';
import type { Config, LoadedConfig } from './load.ts';
import type { ConfigWarning } from './rules.ts';

export class Settings {
  #loaded: LoadedConfig;
  #waiting: readonly string[] = [];
  /** Its sections are those in force at the moment of each look. */
  readonly config: Config;

  constructor(loaded: LoadedConfig) {
    this.#loaded = loaded;
    this.config = following(() => this.#loaded.config);
  }

  get loaded(): LoadedConfig {
    return this.#loaded;
  }

  /** Settings that are changed in the file and wait for a restart, by their dotted names. */
  get waiting(): readonly string[] {
    return this.#waiting;
  }

  /** What health says of the settings: weak ones, and those that wait. */
  warnings(): readonly ConfigWarning[] {
    const waiting = waitingWarning(this.#waiting);
    return waiting === null ? this.#loaded.warnings : [...this.#loaded.warnings, waiting];
  }

  /** Takes over what can be taken over, and says what that was. */
  take(next: LoadedConfig): ConfigChange {
    const change = changeOf(this.#loaded, next);
    this.#loaded = change.inForce;
    this.#waiting = change.waiting;
    return change;
  }
}
