/**
 * The stage: both trails of a gateway, from the outbox of the buffer to the segments. If anything here fails the gateway
 * goes on taking records: their entries are fixed in the buffer and wait there.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Timers } from '../base/clock.ts';
import { type CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { FixedEntry, TrailLog, TrailOutbox } from '../buffer/api.ts';
import type { CheckpointSigner, LogFacts, SegmentKeeper, Trail, TrailFacts } from './api.ts';
import type { TrailDisk } from './disk.ts';
import { countRows } from './entry-queue.ts';
import { LogTrail } from './log-trail.ts';
import { LOGS } from './names.ts';
import { type Note, Notes } from './notes.ts';
import type { TrailOptions } from './options.ts';
import { Troubles } from './troubles.ts';
import { Witnesses } from './witness.ts';

export interface TrailParts {
  readonly gatewayId: string;
  readonly epoch: string;
  /** Holds one directory for each trail. */
  readonly trailDir: string;
  /** Holds what can be made again: the tree's nodes. */
  readonly dataDir: string;
  readonly outbox: TrailOutbox;
  /** `RecordBuffer.note`. */
  readonly note: Note;
  /** Entries of a trail the buffer has fixed, at least so many. */
  readonly fixedSize: (log: TrailLog) => number;
  readonly keeper: SegmentKeeper;
  readonly signer: CheckpointSigner;
  readonly disk: TrailDisk;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** The trail's disk fails for good: the process must end. */
  readonly onFatal: (error: CounterfoilError) => void;
  readonly options: TrailOptions;
}

/** The sealer may have a folder shut for some milliseconds. */
const OPEN_TRIES = 5;
const OPEN_RETRY_MS = 50;

/** Resolves when both trails have caught up and were compared with whoever has seen them. Never rejects. */
export async function openTrail(parts: TrailParts): Promise<Trail> {
  const trail = new TrailStage(parts);
  await trail.start();
  return trail;
}

class TrailStage implements Trail {
  readonly #parts: TrailParts;
  readonly #troubles: Troubles;
  readonly #notes: Notes;
  readonly #witnesses: Witnesses;
  readonly #trails = new Map<TrailLog, LogTrail>();
  /** Entries fixed as far as told. */
  readonly #fixed = new Map<TrailLog, number>();

  constructor(parts: TrailParts) {
    this.#parts = parts;
    this.#troubles = new Troubles(parts.clock, parts.log);
    this.#notes = new Notes(parts.note, parts.timers);
    this.#witnesses = new Witnesses({
      gatewayId: parts.gatewayId,
      signer: parts.signer,
      trail: (log) => this.#trails.get(log) ?? null,
    });
  }

  async start(): Promise<void> {
    // First of all: what is fixed while the segments are read must not be missed.
    this.#parts.outbox.onFixed((log, entries) => this.#take(log, entries));
    const trails = await Promise.all(LOGS.map((log) => this.#open(log)));
    await Promise.all(trails.map((trail) => trail?.start()));
  }

  #take(log: TrailLog, entries: readonly FixedEntry[]): void {
    const last = entries.at(-1);
    if (last === undefined) return;
    this.#fixed.set(log, Math.max(this.#fixed.get(log) ?? 0, last.index + 1));
    this.#trails.get(log)?.take(entries);
  }

  async #open(log: TrailLog): Promise<LogTrail | null> {
    this.#countFixed(log);
    const parts = { ...this.#parts, notes: this.#notes, troubles: this.#troubles };
    for (let attempt = 1; ; attempt += 1) {
      try {
        const trail = await LogTrail.open(log, parts, () => this.#fixed.get(log) ?? 0);
        this.#trails.set(log, trail);
        return trail;
      } catch (error) {
        if (attempt === OPEN_TRIES) return this.#unreadable(log, error);
        await sleep(OPEN_RETRY_MS);
      }
    }
  }

  /** The buffer's figure may be some milliseconds old; the rows are not. */
  #countFixed(log: TrailLog): void {
    const { outbox, fixedSize } = this.#parts;
    const least = Math.max(fixedSize(log), outbox.storedSize(log), this.#fixed.get(log) ?? 0);
    this.#fixed.set(log, countRows(outbox, log, least));
  }

  #unreadable(log: TrailLog, error: unknown): null {
    this.#troubles.raise(log, {
      code: 'trail_unreadable',
      message: `trail_dir cannot be read: ${messageOf(error)}`,
      hint: 'Look at the disk and the rights of trail_dir, then start again. Records are taken as before; their entries wait in the buffer.',
    });
    return null;
  }

  facts(): TrailFacts {
    const logs = { audit: this.#factsOf('audit'), schedule_two: this.#factsOf('schedule_two') };
    return { worm: this.#parts.keeper.worm(), logs, troubles: this.#troubles.all() };
  }

  #factsOf(log: TrailLog): LogFacts {
    const trail = this.#trails.get(log);
    if (trail !== undefined) return trail.facts;
    const { outbox } = this.#parts;
    return {
      fixedSize: this.#fixed.get(log) ?? 0,
      storedSize: outbox.storedSize(log),
      lagMs: 0,
      segment: null,
      checkpoint: null,
      cosignedSize: outbox.checkpoint(log).cosignedSize,
    };
  }

  checkpoint(log: TrailLog): string | null {
    return this.#trails.get(log)?.checkpointer.newest()?.note ?? null;
  }

  forWitness: Trail['forWitness'] = (log, oldSize) => this.#witnesses.forWitness(log, oldSize);

  judge: Trail['judge'] = (by, note) => this.#witnesses.judge(by, note);

  async takeCosignature(log: TrailLog, size: number, cosignature: string): Promise<void> {
    const { outbox } = this.#parts;
    if (size > outbox.checkpoint(log).cosignedSize) await outbox.noteCosignature(log, size, cosignature);
  }

  async drained(): Promise<void> {
    await Promise.all([...this.#trails.values()].map((trail) => trail.drained()));
  }

  async stop(): Promise<void> {
    await this.#notes.flush();
    await Promise.all([...this.#trails.values()].map((trail) => trail.stop()));
    this.#parts.outbox.onFixed(null);
    this.#notes.stop();
    await this.#parts.keeper.close();
  }
}
