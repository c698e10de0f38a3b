/** The faults in force. They can be switched while requests are running; each request sees them as they come up. */
import type { Random } from '../../base/clock.ts';
import { CounterfoilError } from '../../base/errors.ts';
import type { LookupResult, SyncRecord, SyncRequest, SyncResult } from '../../record/wire.ts';
import type { Whim } from './batch.ts';
import type { Delivery } from './delivery.ts';
import type { FaultHooks, FaultSpec, Route } from './fault-hooks.ts';
import { FAULT_NAMES, FAULTS, type FaultName, isFaultName } from './faults.ts';
import type { Reaction } from './http.ts';
import type { WitnessWord } from './witness.ts';

/** One fault as asked for. */
export interface FaultChoice {
  readonly name: FaultName;
  readonly argument: number | null;
  /** From 0 to 1; how often it happens. */
  readonly probability: number;
  /** How often it happens at most; null: as often as the fault itself says. */
  readonly count: number | null;
}

/**
 * Reads `NAME[=ARG][@PROBABILITY][#COUNT]`.
 * @throws CounterfoilError `usage` with the names there are.
 */
export function parseFault(text: string): FaultChoice {
  const parts =
    /^([a-z0-9_]+)(?:=([0-9]+(?:\.[0-9]+)?))?(?:@(0(?:\.[0-9]+)?|1(?:\.0+)?))?(?:#([1-9][0-9]{0,8}))?$/.exec(text);
  const name = parts?.[1];
  if (parts === null || name === undefined || !isFaultName(name)) {
    const hint = `write NAME[=ARG][@PROBABILITY][#COUNT] with one of ${FAULT_NAMES.join(', ')}`;
    throw new CounterfoilError('usage', `unknown fault "${text}"`, hint);
  }
  const argument = parts[2] === undefined ? null : Number(parts[2]);
  const meaning = FAULTS[name].argument;
  if (argument !== null && meaning === null) {
    throw new CounterfoilError('usage', `the fault ${name} takes no argument`, `write ${name} alone`);
  }
  if (argument === 0 && meaning?.startsWith('n,') === true) {
    throw new CounterfoilError('usage', `${name}=0 would mean every 0th record`, `write ${name}=1 or more`);
  }
  return {
    name,
    argument,
    probability: Number(parts[3] ?? 1),
    count: parts[4] === undefined ? null : Number(parts[4]),
  };
}

/** The form `parseFault` reads. */
export function faultText(choice: FaultChoice): string {
  const argument = choice.argument === null ? '' : `=${choice.argument}`;
  const probability = choice.probability === 1 ? '' : `@${choice.probability}`;
  return `${choice.name}${argument}${probability}${choice.count === null ? '' : `#${choice.count}`}`;
}

export class FaultSet {
  readonly #random: Random;
  readonly #active = new Map<FaultName, { readonly choice: FaultChoice; readonly hooks: FaultHooks }>();

  /** @param random decides about faults with a probability; a seeded one makes a run repeatable. */
  constructor(random: Random) {
    this.#random = random;
  }

  /** Switches a fault on, in place of an earlier setting of the same one. */
  set(fault: string | FaultChoice): void {
    const choice = typeof fault === 'string' ? parseFault(fault) : fault;
    const spec: FaultSpec = FAULTS[choice.name];
    let left = choice.count ?? spec.times ?? Number.POSITIVE_INFINITY;
    const happens = () => {
      if (left <= 0 || (choice.probability < 1 && this.#random() >= choice.probability)) return false;
      left -= 1;
      return true;
    };
    this.#active.set(choice.name, { choice, hooks: spec.hooks({ argument: choice.argument, happens }) });
  }

  clear(name: FaultName): void {
    this.#active.delete(name);
  }

  clearAll(): void {
    this.#active.clear();
  }

  /** What is in force, in the form of `parseFault`. */
  list(): string[] {
    return [...this.#active.values()].map(({ choice }) => faultText(choice));
  }

  clockShiftMs(): number {
    return this.#hooks().reduce((sumMs, hooks) => sumMs + (hooks.clockShiftMs?.() ?? 0), 0);
  }

  delayMs(): number {
    return this.#hooks().reduce((sumMs, hooks) => sumMs + (hooks.delayMs?.() ?? 0), 0);
  }

  onRequest(route: Route, coded = false): Reaction | null {
    return this.#first((hooks) => hooks.onRequest?.(route, coded));
  }

  onBatch(batch: SyncRequest): Reaction | null {
    return this.#first((hooks) => hooks.onBatch?.(batch));
  }

  onBooks(): number | null {
    return this.#first((hooks) => hooks.onBooks?.());
  }

  onRecord(record: SyncRecord): Whim | null {
    return this.#first((hooks) => hooks.onRecord?.(record));
  }

  onResults(results: readonly SyncResult[]): readonly SyncResult[] {
    return this.#hooks().reduce((changed, hooks) => hooks.onResults?.(changed) ?? changed, results);
  }

  onWitness(word: WitnessWord): object {
    return this.#hooks().reduce<object>((changed, hooks) => hooks.onWitness?.(changed) ?? changed, word);
  }

  onLookup(results: readonly LookupResult[]): readonly LookupResult[] {
    return this.#hooks().reduce((changed, hooks) => hooks.onLookup?.(changed) ?? changed, results);
  }

  onAnswer(): Reaction | null {
    return this.#first((hooks) => hooks.onAnswer?.());
  }

  onDelivery(): Delivery | null {
    return this.#first((hooks) => hooks.onDelivery?.());
  }

  #hooks(): FaultHooks[] {
    return [...this.#active.values()].map(({ hooks }) => hooks);
  }

  /** What the fault switched on first wants; null when none wants anything. */
  #first<T>(ask: (hooks: FaultHooks) => T | null | undefined): T | null {
    for (const hooks of this.#hooks()) {
      const wish = ask(hooks);
      if (wish !== null && wish !== undefined) return wish;
    }
    return null;
  }
}
