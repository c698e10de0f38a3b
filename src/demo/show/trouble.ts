/**
 * The trouble that can be made for a store: with its line, with its gateway's life, with what is on its disk. One at a
 * time where parts of it take a while: during a kill or an alteration, the next one is refused.
 */
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import { alterPending } from '../checker/tamper.ts';
import { type GatewayState, pendingOf } from './look.ts';
import type { Parts } from './parts.ts';
import { sleep, type Time, until } from './wait.ts';
import type { WanState } from './wan.ts';
import type { Watch } from './watch.ts';

export interface TroubleParts extends Time {
  readonly parts: Parts;
  readonly watch: Watch;
  /** The gateway did not come back: the show cannot go on. */
  readonly onBroken: (error: Error) => void;
}

/** How long the gateway stays dead: long enough to be seen, short enough that no till gives up. */
const DEAD_MS = 1500;
const PENDING_LIMIT_MS = 10_000;
const LINE_NEWS: Readonly<Record<Exclude<WanState, 'open'>, string>> = {
  cut: 'WAN cut: connections are refused',
  silent: 'WAN silent: connections stand, nothing passes',
  portal: 'captive portal: everything gets "200 OK" and a page',
};

export class Trouble {
  readonly #with: TroubleParts;
  readonly #altered: number[] = [];
  #gateway: GatewayState = 'up';
  #busyWith: string | null = null;

  constructor(parts: TroubleParts) {
    this.#with = parts;
  }

  get gateway(): GatewayState {
    return this.#gateway;
  }

  get isBusy(): boolean {
    return this.#busyWith !== null;
  }

  /** Sequences of the records altered so far. */
  get altered(): readonly number[] {
    return this.#altered;
  }

  async line(state: WanState): Promise<void> {
    const { parts, watch } = this.#with;
    await parts.wan.set(state);
    watch.note(state === 'open' ? `WAN back, ${pendingOf(watch.figures)} records pending` : LINE_NEWS[state]);
  }

  /** `kill -9` for the gateway; it is started again after a moment. */
  async kill(): Promise<void> {
    await this.#alone('killing the gateway', async () => {
      await this.#killGateway();
      await sleep(this.#with, DEAD_MS);
      await this.#restartGateway();
    });
  }

  /**
   * Somebody with root takes the box while the line is down: stops the gateway, changes a record that waits, seals it with
   * the box's own key and starts the gateway again. Cuts the line for that time if it was not cut.
   */
  async alter(): Promise<void> {
    await this.#alone('altering a row', async () => {
      const { parts, watch } = this.#with;
      const wasOpen = parts.wan.state === 'open';
      if (wasOpen) await this.line('cut');
      const before = watch.figures;
      const isPending = () => watch.figures !== before && pendingOf(watch.figures) > 0;
      await until(this.#with, isPending, PENDING_LIMIT_MS);
      await this.#killGateway();
      const sequence = alterPending(parts.files.dataDir);
      if (sequence !== null) this.#altered.push(sequence);
      const news = sequence === null ? 'no record was pending: none altered' : alteredNews(sequence);
      watch.note(news);
      await this.#restartGateway();
      if (wasOpen) await this.line('open');
    });
  }

  async #killGateway(): Promise<void> {
    this.#gateway = 'down';
    await this.#with.parts.gateway.kill();
    this.#with.watch.note('gateway killed with SIGKILL; tills keep what they sell');
  }

  async #restartGateway(): Promise<void> {
    const { clock, parts, watch } = this.#with;
    const startedMs = clock.monotonicMs();
    this.#gateway = 'starting';
    await parts.gateway.restart();
    this.#gateway = 'up';
    watch.note(`gateway up again after ${((clock.monotonicMs() - startedMs) / 1000).toFixed(1)} s`);
  }

  /** Runs `work` unless other trouble is under way. */
  async #alone(what: string, work: () => Promise<void>): Promise<void> {
    if (this.#busyWith !== null) {
      this.#with.watch.note(`not now: ${this.#busyWith}`);
      return;
    }
    this.#busyWith = what;
    try {
      await work();
    } catch (error) {
      const hint = 'Run again with --keep and read the logs in its folder.';
      this.#with.onBroken(new CounterfoilError('internal', `${what}: ${messageOf(error)}`, hint, error));
    } finally {
      this.#busyWith = null;
    }
  }
}

function alteredNews(sequence: number): string {
  return `record ${sequence}: quantity times ten, sealed anew with the box's key`;
}
