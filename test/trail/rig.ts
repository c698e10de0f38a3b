/** A trail over an outbox and a disk in memory, through any number of lives, with a time in which nobody waits. */
import { generateKeyPairSync } from 'node:crypto';
import type { Clock, Timers } from '../../src/base/clock.ts';
import { type CounterfoilError, CounterfoilError as Failure } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import type { TrailLog } from '../../src/buffer/api.ts';
import { formatCheckpoint } from '../../src/tlog/checkpoint.ts';
import { noteSigner, signNote } from '../../src/tlog/note.ts';
import { judgeSigning, type RememberedHead } from '../../src/tlog/signer.ts';
import { verifierKeyOf } from '../../src/tlog/verifier-key.ts';
import type { CheckpointSigner, SignedHead, SignRequest, Trail } from '../../src/trail/api.ts';
import { TRAIL_OPTIONS, type TrailOptions } from '../../src/trail/options.ts';
import { openTrail } from '../../src/trail/trail.ts';
import { checkEntries, checkSegments, type FoundTrail } from './check-segments.ts';
import { MemoryDisk, TRAIL_DIR } from './memory-disk.ts';
import { MemoryOutbox } from './memory-outbox.ts';

export const GATEWAY = 'gw-0042';
export const EPOCH = '0123abcd';

/** Waiting is over at once, and the clock says that the time has passed. */
class FastTime implements Clock, Timers {
  /** Added to the wall clock only. */
  stepMs = 0;
  #nowMs = 0;

  utcMs = () => Date.UTC(2026, 10, 25, 8) + this.stepMs + this.#nowMs;
  monotonicMs = () => this.#nowMs;

  after(delayMs: number, task: () => void): () => void {
    const dueMs = this.#nowMs + delayMs;
    const handle = setImmediate(() => {
      this.#nowMs = Math.max(this.#nowMs, dueMs);
      task();
    });
    return () => clearImmediate(handle);
  }
}

const { privateKey } = generateKeyPairSync('ed25519');

/** Remembers across the lives of the gateway, as the sealer does. */
class MemorySigner implements CheckpointSigner {
  readonly heads = new Map<TrailLog, { heads: readonly RememberedHead[]; note: string }>();
  isAway = false;

  async verifierKey(origin: string): Promise<string> {
    this.#answer();
    return verifierKeyOf(origin, privateKey).text;
  }

  async newest(log: TrailLog): Promise<SignedHead | null> {
    this.#answer();
    const signed = this.heads.get(log);
    const head = signed?.heads.at(-1);
    return signed === undefined || head === undefined ? null : { ...head, note: signed.note };
  }

  async sign({ log, origin, size, root, proof }: SignRequest): Promise<string> {
    this.#answer();
    const verdict = judgeSigning(this.heads.get(log)?.heads ?? [], { origin, size, root, proof });
    if (!verdict.sign) throw new Failure('checkpoint_refused', verdict.refusal, 'Look.');
    const note = noteOf(origin, size, root);
    this.heads.set(log, { heads: verdict.remember, note });
    return note;
  }

  #answer(): void {
    if (this.isAway) throw new Failure('sealer_unreachable', 'nobody answers', 'Start the sealer.');
  }
}

/** A checkpoint as this gateway's signer makes it. */
export function noteOf(origin: string, size: number, root: Buffer): string {
  return signNote(formatCheckpoint({ origin, size, root }), noteSigner(origin, privateKey));
}

export class Rig {
  readonly dataDir: string;
  readonly disk = new MemoryDisk();
  readonly time = new FastTime();
  signer = new MemorySigner();
  outbox = new MemoryOutbox();
  readonly fatal: CounterfoilError[] = [];
  options: TrailOptions = { ...TRAIL_OPTIONS, gatherMs: 0, segmentBytes: 4096 };
  #trail: Trail | null = null;
  #life = 0;

  constructor(dataDir: string) {
    this.dataDir = dataDir;
  }

  get trail(): Trail {
    if (this.#trail === null) throw new Error('the trail is not open');
    return this.#trail;
  }

  async start(): Promise<Trail> {
    const { time } = this;
    const disk = this.disk.session();
    const outbox = this.#outboxOfThisLife();
    const life = this.#life;
    const trail = await openTrail({
      gatewayId: GATEWAY,
      epoch: EPOCH,
      trailDir: TRAIL_DIR,
      dataDir: this.dataDir,
      outbox,
      note: outbox.note,
      // As old as the buffer's own figure can be.
      fixedSize: (log) => outbox.storedSize(log),
      keeper: disk,
      signer: this.signer,
      disk,
      clock: time,
      timers: time,
      log: silentLog,
      onFatal: (error) => this.fatal.push(error),
      options: this.options,
    });
    // Killed meanwhile: nobody waits for this one any more.
    if (life !== this.#life) return await new Promise<never>(() => undefined);
    this.#trail = trail;
    return trail;
  }

  /** A clean end: trail first, then the buffer. */
  async stop(): Promise<void> {
    const life = this.#life;
    await this.trail.stop();
    // Killed on the way out.
    if (life !== this.#life) return;
    this.outbox.close();
    this.#trail = null;
  }

  /** What a dead process still says reaches nobody. */
  #outboxOfThisLife() {
    const { outbox } = this;
    this.#life += 1;
    const life = this.#life;
    const forEver = new Promise<never>(() => undefined);
    const alive = <A extends unknown[], T>(call: (...args: A) => Promise<T>) => {
      return (...args: A) => (life === this.#life ? call(...args) : forEver);
    };
    return {
      storedSize: (log: TrailLog) => outbox.storedSize(log),
      read: outbox.read.bind(outbox),
      onFixed: (listener: Parameters<typeof outbox.onFixed>[0]) => {
        if (life === this.#life) outbox.onFixed(listener);
      },
      markStored: (log: TrailLog, size: number) => {
        if (life === this.#life) outbox.markStored(log, size);
      },
      checkpoint: (log: TrailLog) => outbox.checkpoint(log),
      noteCheckpoint: alive(outbox.noteCheckpoint.bind(outbox)),
      noteCosignature: alive(outbox.noteCosignature.bind(outbox)),
      note: alive(outbox.note),
    };
  }

  /** The process is gone; the machine goes on. */
  kill(): void {
    this.#life += 1;
    this.disk.kill();
    this.outbox.crash();
    this.#trail = null;
  }

  cutPower(random: () => number): void {
    this.disk.cutPower(random);
    this.kill();
  }

  /** The trail as a stranger reads it. */
  found(log: TrailLog = 'audit', doubtful: ReadonlySet<number> = this.disk.doubtful(log)): FoundTrail {
    return checkSegments(this.disk.namesOf(log), doubtful);
  }

  /** Everything that is wrong with a trail, the rows behind it included. */
  problems(log: TrailLog = 'audit'): readonly string[] {
    const found = this.found(log);
    const stored = this.outbox.storedSize(log);
    const rows = this.outbox.read(log, stored, 1_000_000, Number.MAX_SAFE_INTEGER);
    const problems = [...found.problems, ...checkEntries(found)];
    if (found.entries.length < stored) problems.push(`${found.entries.length} entries, the buffer counts on ${stored}`);
    for (const { index, text } of rows) {
      const entry = found.entries[index];
      if (entry !== undefined && entry.text !== text) problems.push(`entry ${index} is another one in the buffer`);
    }
    return problems;
  }

  kindsOf(log: TrailLog = 'audit'): string[] {
    return this.found(log).entries.map(({ k }) => k);
  }

  bodiesOf(kind: string, log: TrailLog = 'audit') {
    return this.found(log)
      .entries.filter(({ k }) => k === kind)
      .map(({ r }) => r);
  }
}
