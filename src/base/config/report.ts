/** Collects what is wrong with the configuration and says where each value came from. */
import { CounterfoilError } from '../errors.ts';
import type { Override } from './environment.ts';
import { valueAt } from './explain.ts';
import type { KeyPath, Problem } from './rules.ts';
import type { ConfigSource } from './source.ts';

const CONFIG_HINT =
  'correct these lines; "counterfoil config schema" lists every key, "config validate FILE" checks again';

export class Report {
  readonly #found: { readonly offset: number; readonly line: string }[] = [];
  readonly #file: string | null;
  readonly #source: ConfigSource;
  readonly #overrides: readonly Override[];

  /**
   * @param file name of the file for people, null without one
   * @param overrides what stands above the file, weakest first
   */
  constructor(file: string | null, source: ConfigSource, overrides: readonly Override[]) {
    this.#file = file;
    this.#source = source;
    this.#overrides = overrides;
  }

  /** True while nothing is wrong. */
  get clean(): boolean {
    return this.#found.length === 0;
  }

  /** Adds one line; `origin` where the problem is known not to be in the file. */
  add({ path, text }: Problem, at: 'key' | 'value', origin = this.#overrideAt(path)?.origin): void {
    const offset = origin === undefined ? this.#source.locate(path, at) : -1;
    const place = origin ?? this.#placeOf(offset);
    this.#found.push({ offset, line: [place, ...(path.length > 0 ? [path.join('.')] : []), text].join(': ') });
  }

  addSyntax(offset: number, message: string): void {
    this.#found.push({ offset, line: `${this.#placeOf(offset)}: not YAML: ${message}` });
  }

  /** How the scalar at `path` is written, unless the file's value is overridden. */
  written(path: KeyPath): string | null {
    return this.#overrideAt(path) === undefined ? this.#source.written(path) : null;
  }

  originOf(path: KeyPath, fileValue: unknown): string {
    const override = this.#overrideAt(path);
    if (override !== undefined) return override.origin;
    return valueAt(fileValue, path) === undefined ? 'default' : (this.#file ?? 'default');
  }

  /** Every problem, those outside the file first, the others from its top to its bottom. */
  toError(hint = CONFIG_HINT): CounterfoilError {
    const lines = this.#found.toSorted((a, b) => a.offset - b.offset).map(({ line }) => line);
    return new CounterfoilError('config_invalid', lines.join('\n'), hint);
  }

  #placeOf(offset: number): string {
    return this.#file === null ? 'no configuration file' : `${this.#file}:${this.#source.position(offset)}`;
  }

  /** The strongest override that set `path` or something around it. */
  #overrideAt(path: KeyPath): Override | undefined {
    return this.#overrides.findLast((override) => override.path.every((part, index) => part === path[index]));
  }
}
