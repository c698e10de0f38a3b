/**
 * The outbox: brings every report to every target its kind is meant for, one target at a time and each target by itself, and
 * tries again for as long as it takes. It never gives up and never forgets; only a person takes something out.
 *
 * If the power goes: before a job is there, the report is handed over again (its maker does that for whatever was not taken);
 * between a step of a delivery and our note of it, that step is done again, with the same bytes under the same name or
 * message id; between the entry in the trail and the note that it is delivered, both happen twice.
 */
import type { Clock, Random, Timers } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { TrailBodyOf } from '../../record/trail-kinds.ts';
import type { ReportOutbox, StoredReport } from '../api.ts';
import { DELIVERY_FAULTS, DeliveryFault, type DeliveryFaultCode } from './faults.ts';
import type { Job, Jobs } from './jobs.ts';
import { type Parcel, parcelOf, type Target } from './target.ts';

export interface OutboxOptions {
  /** First wait after a failure; doubled each time up to the longest, with full jitter. */
  readonly retryMs: number;
  readonly longestMs: number;
}

export interface OutboxParts {
  readonly options: OutboxOptions;
  readonly targets: readonly Target[];
  readonly jobs: Jobs;
  /** A complete report by its id; null when there is none. */
  readonly read: (id: string) => StoredReport | null;
  /** Writes one entry into trail `audit`; resolves once it is on disk. */
  readonly note: (body: TrailBodyOf<'report_delivery'>) => Promise<unknown>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
}

export interface TargetFacts {
  readonly name: string;
  /** Null for one that is not in the configuration any more. */
  readonly way: 'mail' | 'sftp' | null;
  readonly waiting: number;
  /** When the oldest report that waits was queued, wall clock; null when none does. */
  readonly oldestMs: number | null;
  readonly delivered: number;
  readonly lastDeliveredMs: number | null;
  readonly fault: { readonly code: DeliveryFaultCode; readonly sinceMs: number; readonly attempts: number } | null;
}

/** What a target does at the moment. */
interface Lane {
  target: Target;
  busy: Promise<void> | null;
  failures: number;
  /** The job that failed last: the next one goes first, so that one report that nobody takes holds up no other. */
  lastFailed: string | null;
  cancel: () => void;
  /** Waits after a failure. */
  waiting: boolean;
}

export class Outbox implements ReportOutbox {
  readonly #parts: OutboxParts;
  #lanes: readonly Lane[];
  /** Deliveries under way, of targets that are gone too. */
  readonly #running = new Set<Promise<void>>();
  #isStopped = true;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#lanes = parts.targets.map(newLane);
  }

  start(): void {
    this.#isStopped = false;
    for (const lane of this.#lanes) this.#wake(lane);
  }

  /** Lets what is under way come to its end or its time-out; nothing new begins. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { cancel } of this.#lanes) cancel();
    await Promise.all(this.#running);
  }

  /**
   * Other targets from now on. A delivery under way comes to its end by the old settings; what waits for a target that is
   * gone stays, and health says so.
   */
  setTargets(targets: readonly Target[]): void {
    for (const { cancel } of this.#lanes) cancel();
    this.#lanes = targets.map((target) => {
      const lane = this.#lanes.find((each) => each.target.name === target.name) ?? newLane(target);
      return Object.assign(lane, { target, waiting: false });
    });
    for (const lane of this.#lanes) this.#wake(lane);
  }

  async enqueue({ manifest }: StoredReport): Promise<void> {
    const { jobs, note, clock } = this.#parts;
    for (const lane of this.#lanes) {
      const { name, kinds, way } = lane.target;
      if (!kinds.includes(manifest.kind)) continue;
      // By what the report is, whatever the configuration says of its kind.
      if (manifest.confidential && way === 'mail') continue;
      if (jobs.get(manifest.id, name) !== null) continue;
      await note({ id: manifest.id, step: 'queued', target: name });
      jobs.put({
        v: 1,
        report: manifest.id,
        target: name,
        queued_ms: clock.utcMs(),
        attempts: 0,
        fault: null,
        fault_ms: null,
        steps: [],
        delivered_ms: null,
      });
      this.#wake(lane);
    }
  }

  /** Tries at once what waits for another attempt. */
  retryNow(): void {
    for (const lane of this.#lanes) {
      lane.waiting = false;
      lane.cancel();
      this.#wake(lane);
    }
  }

  /** A person takes out what waits for a target; how many jobs that were. */
  async drop(target: string, by: string | null): Promise<number> {
    const { jobs, note } = this.#parts;
    const dropped = jobs.all().filter((job) => job.target === target && job.delivered_ms === null);
    for (const job of dropped) {
      await note({ by, id: job.report, step: 'dropped', target });
      jobs.remove(job);
    }
    return dropped.length;
  }

  /** Every report on its way or there, by the time it was queued. */
  jobs(): readonly Job[] {
    return this.#parts.jobs.all();
  }

  facts(): readonly TargetFacts[] {
    const jobs = this.#parts.jobs.all();
    const known = this.#lanes.map(({ target }) => ({ name: target.name, way: target.way }));
    const gone = [...new Set(jobs.filter(({ delivered_ms: at }) => at === null).map(({ target }) => target))]
      .filter((name) => !known.some((each) => each.name === name))
      .map((name) => ({ name, way: null }));
    return [...known, ...gone].map((target) => factsOf(target, jobs));
  }

  #wake(lane: Lane): void {
    if (this.#isStopped || lane.busy !== null || lane.waiting || !this.#lanes.includes(lane)) return;
    const job = this.#next(lane);
    if (job === null) return;
    const attempt = this.#attempt(lane, job).finally(() => {
      lane.busy = null;
      this.#running.delete(attempt);
      this.#wake(lane);
    });
    this.#running.add(attempt);
    lane.busy = attempt;
  }

  #next({ target, lastFailed }: Lane): Job | null {
    const waiting = this.#parts.jobs.all().filter((job) => job.target === target.name && job.delivered_ms === null);
    const after = waiting.findIndex(({ report }) => report === lastFailed) + 1;
    return waiting[after] ?? waiting[0] ?? null;
  }

  /** Never throws: whatever happens, the job is tried again later. */
  async #attempt(lane: Lane, job: Job): Promise<void> {
    const { target } = lane;
    try {
      const parcel = this.#parcelOf(job);
      await target.deliver(parcel, {
        has: (step) => this.#current(job).steps.includes(step),
        done: async (step) => {
          const now = this.#current(job);
          this.#parts.jobs.put({ ...now, steps: [...now.steps, step] });
        },
      });
      await this.#delivered(job, parcel);
      lane.failures = 0;
      lane.lastFailed = null;
    } catch (error) {
      await this.#failed(lane, job, error);
    }
  }

  #parcelOf({ report }: Job): Parcel {
    const stored = this.#parts.read(report);
    if (stored === null) throw new DeliveryFault('report_damaged', 'report.json');
    return parcelOf(stored);
  }

  async #delivered(job: Job, parcel: Parcel): Promise<void> {
    const { jobs, note, clock, log } = this.#parts;
    const now = this.#current(job);
    const files = parcel.files.map(({ sha256 }) => Buffer.from(sha256, 'hex').toString('base64'));
    await note({ attempts: now.attempts + 1, files, id: job.report, step: 'delivered', target: job.target });
    jobs.put({ ...now, attempts: now.attempts + 1, fault: null, fault_ms: null, delivered_ms: clock.utcMs() });
    log.info('a report is delivered', { reason: job.report, to: job.target });
  }

  async #failed(lane: Lane, job: Job, error: unknown): Promise<void> {
    const { jobs, note, clock, log } = this.#parts;
    const fault = error instanceof DeliveryFault ? error : null;
    lane.failures += 1;
    lane.lastFailed = job.report;
    try {
      if (fault === null) log.error('a report could not be delivered', { to: job.target, error: messageOf(error) });
      else {
        const now = this.#current(job);
        const isNew = now.fault !== fault.code;
        // The trail hears of a fault when it begins, not at each attempt.
        if (isNew) await note({ code: fault.code, id: job.report, step: 'failed', target: job.target });
        jobs.put({
          ...now,
          attempts: now.attempts + 1,
          fault: fault.code,
          fault_ms: isNew ? clock.utcMs() : now.fault_ms,
        });
        const { hint } = DELIVERY_FAULTS[fault.code];
        log.warn(fault.message, { code: fault.code, to: job.target, reason: job.report, error: fault.detail, hint });
      }
    } catch (trouble) {
      log.error('the outbox of reports cannot be written', { error: messageOf(trouble) });
    }
    this.#waitFor(lane);
  }

  /** Full jitter: stores that lost the same server do not come back in step. */
  #waitFor(lane: Lane): void {
    const { options, timers, random } = this.#parts;
    const most = Math.min(options.longestMs, options.retryMs * 2 ** Math.min(lane.failures - 1, 30));
    if (this.#isStopped) return;
    lane.waiting = true;
    lane.cancel = timers.after(Math.ceil(random() * most), () => {
      lane.waiting = false;
      this.#wake(lane);
    });
  }

  #current({ report, target }: Job): Job {
    const job = this.#parts.jobs.get(report, target);
    if (job === null) throw new Error('the job was taken out');
    return job;
  }
}

function newLane(target: Target): Lane {
  return { target, busy: null, failures: 0, lastFailed: null, cancel: () => {}, waiting: false };
}

function factsOf(target: { name: string; way: 'mail' | 'sftp' | null }, all: readonly Job[]): TargetFacts {
  const jobs = all.filter((job) => job.target === target.name);
  const waiting = jobs.filter(({ delivered_ms: at }) => at === null);
  const delivered = jobs.flatMap(({ delivered_ms: at }) => (at === null ? [] : [at]));
  return {
    ...target,
    waiting: waiting.length,
    oldestMs: waiting[0]?.queued_ms ?? null,
    delivered: delivered.length,
    lastDeliveredMs: delivered.length === 0 ? null : Math.max(...delivered),
    fault: target.way === null ? unknownTarget(waiting) : longestFault(waiting),
  };
}

function unknownTarget(waiting: readonly Job[]): TargetFacts['fault'] {
  const [first] = waiting;
  return first === undefined ? null : { code: 'target_unknown', sinceMs: first.queued_ms, attempts: first.attempts };
}

function longestFault(waiting: readonly Job[]): TargetFacts['fault'] {
  const failing = waiting
    .filter(({ fault }) => fault !== null && Object.hasOwn(DELIVERY_FAULTS, fault))
    .sort((a, b) => (a.fault_ms ?? 0) - (b.fault_ms ?? 0));
  const [first] = failing;
  if (first === undefined) return null;
  return {
    code: first.fault as DeliveryFaultCode,
    sinceMs: first.fault_ms ?? first.queued_ms,
    attempts: first.attempts,
  };
}
