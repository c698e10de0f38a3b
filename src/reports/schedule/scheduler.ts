/**
 * Makes the reports that are due, one at a time, and hands each on: to the trail and to the outbox. Missed runs are made up
 * for, oldest first. A complete folder names the run it was made for, so after a power cut no run is made twice; one that is
 * there and not known to be handed on is handed on (perhaps once more: the outbox knows it by its id).
 */
import type { Clock, Timers } from '../../base/clock.ts';
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { StoredReport } from '../api.ts';
import { RunLedger } from './ledger.ts';
import { dueRuns, type Plan, type Run } from './plan.ts';

export interface SchedulerParts {
  readonly plan: Plan;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly ledgerPath: string;
  /** Makes a report in a process of its own. */
  readonly make: (run: Run) => Promise<StoredReport>;
  /** Names of the folders there are, and the report in one; null while it is not complete. */
  readonly names: () => readonly string[];
  readonly read: (name: string) => StoredReport | null;
  /** Tells trail and outbox of a report. */
  readonly hand: (report: StoredReport) => Promise<void>;
  /** False while the clock is known to be wrong: then nothing is due. */
  readonly isTimeKnown: () => boolean;
}

export interface SchedulerFacts {
  readonly made: number;
  readonly failed: number;
  /** What went wrong with the last run that failed and has not been made since; null when all is well. */
  readonly trouble: string | null;
  readonly lastMadeMs: number | null;
}

const LOOK_EVERY_MS = 20_000;
/** After a failure: first and longest wait. */
const RETRY_FIRST_MS = 60_000;
const RETRY_MOST_MS = 3_600_000;

/** What a report is handed on by that nobody scheduled. */
const onDemandKey = (id: string): string => `demand|${id}`;

export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #ledger: RunLedger;
  #cancel: () => void = () => {};
  #turn: Promise<void> = Promise.resolve();
  #isStopped = false;
  #retryAtMs = 0;
  #waitMs = RETRY_FIRST_MS;
  #facts: SchedulerFacts = { made: 0, failed: 0, trouble: null, lastMadeMs: null };

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    this.#ledger = new RunLedger(parts.ledgerPath);
  }

  start(): void {
    const look = () => {
      if (this.#isStopped) return;
      void this.look();
      this.#cancel = this.#parts.timers.after(LOOK_EVERY_MS, look);
    };
    look();
  }

  /** Looks what is due and does it; resolves when that is done. Looks never overlap. */
  look(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#look());
    return this.#turn;
  }

  facts(): SchedulerFacts {
    return this.#facts;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#turn;
  }

  async #look(): Promise<void> {
    const { clock, isTimeKnown } = this.#parts;
    if (this.#isStopped) return;
    try {
      await this.#handOn();
      if (clock.monotonicMs() < this.#retryAtMs) return;
      if (isTimeKnown()) for (const run of this.#due(clock.utcMs())) await this.#do(run);
      this.#waitMs = RETRY_FIRST_MS;
      this.#facts = { ...this.#facts, trouble: null };
    } catch (error) {
      if (this.#isStopped) return;
      this.#failed(error);
    }
  }

  /** What is complete and nobody has been told of: made before a power cut, or on demand beside the gateway. */
  async #handOn(): Promise<void> {
    for (const name of this.#parts.names()) {
      if (this.#isStopped) return;
      const report = this.#ledger.hasReport(name) ? null : this.#parts.read(name);
      if (report !== null) await this.#hand(report);
    }
  }

  #due(nowMs: number): Run[] {
    const { plan, log } = this.#parts;
    const due: Run[] = [];
    for (const { name } of [...plan.schedules, ...plan.cycles]) {
      const since = this.#ledger.since(name);
      if (since === undefined) {
        this.#ledger.append({ step: 'watch', name, ms: nowMs });
        continue;
      }
      const { runs, left } = dueRuns(plan, name, since, nowMs);
      if (left > 0) log.warn('reports that were missed long ago are not made up for', { count: left, reason: name });
      due.push(...runs);
    }
    return due.sort((a, b) => a.dueMs - b.dueMs);
  }

  async #do(run: Run): Promise<void> {
    if (this.#isStopped) return;
    if (!this.#ledger.hasRun(run.key)) {
      const report = await this.#parts.make(run);
      this.#facts = { ...this.#facts, made: this.#facts.made + 1, lastMadeMs: this.#parts.clock.utcMs() };
      await this.#hand(report);
    }
    this.#ledger.append({ step: 'watch', name: run.name, ms: run.dueMs });
  }

  async #hand(report: StoredReport): Promise<void> {
    const { id, run } = report.manifest;
    await this.#parts.hand(report);
    this.#ledger.append({ step: 'handed', run: run ?? onDemandKey(id), id });
  }

  #failed(error: unknown): void {
    const { clock, log } = this.#parts;
    const trouble = messageOf(error);
    const hint = error instanceof CounterfoilError ? { hint: error.hint } : {};
    log.error('a report could not be made; it is tried again', { error: trouble, ...hint });
    this.#retryAtMs = clock.monotonicMs() + this.#waitMs;
    this.#waitMs = Math.min(this.#waitMs * 2, RETRY_MOST_MS);
    this.#facts = { ...this.#facts, failed: this.#facts.failed + 1, trouble };
  }
}
