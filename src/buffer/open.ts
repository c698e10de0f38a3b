/**
 * Opening the buffer: files, lock, writer thread and reading connection put together as one `RecordBuffer`.
 */
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import type { Clock } from '../base/clock.ts';
import type { CounterfoilError } from '../base/errors.ts';
import type { ManifestPart, ManifestStatement } from '../record/manifest.ts';
import type { TrailBodyOf, TrailKind } from '../record/trail-kinds.ts';
import type { Stream } from '../record/types.ts';
import type {
  ActOutcome,
  BufferArchive,
  BufferFacts,
  DoubleSale,
  GatewayStart,
  IntakeItem,
  IntakeResult,
  LaneTraining,
  OpenRun,
  RecordBuffer,
  RunOutcome,
  SettledRecord,
  Settlement,
  SignedAct,
  TrailLog,
  TrailOutbox,
  TrailPlace,
  WaitingDetail,
  WaitingItem,
  WaitingQuery,
} from './api.ts';
import { FrameReader } from './archive/frames.ts';
import { KeptReader } from './archive/kept.ts';
import { ArchiveStore, type ArchiveStoreParts } from './archive/store.ts';
import { DoubleSaleReader } from './double-sale-reader.ts';
import { type WriterFacts, withAges } from './facts.ts';
import { bufferPaths, createIfNew, openForReading, prepareDataDir, readBoxKey } from './files.ts';
import { decodeResults, encodeItems } from './intake-codec.ts';
import { readKeyring } from './keyring.ts';
import { lockDataDir } from './lock.ts';
import { Reader } from './reader.ts';
import { RunReader } from './run-reader.ts';
import type { SettledRow } from './settle-group.ts';
import { storageError } from './storage-error.ts';
import { answeredPlace, Outbox, placeOf } from './trail-outbox.ts';
import { WaitingReader } from './waiting-reader.ts';
import { errorOf, threadDied, WriterClient } from './writer-client.ts';
import type { ThreadOptions, ThreadReply } from './writer-thread.ts';

export interface OpenBufferOptions {
  /** Directory of the buffer, made (mode 0700) when it is missing. */
  readonly dataDir: string;
  readonly gatewayId: string;
  readonly clock: Clock;
  /** Directory of the archive's files; absent: nothing is ever read from an archive. */
  readonly archiveDir?: string;
  /** Called once when the disk failed in a way that leaves the file's content unknown: the process must end (74). */
  readonly onFatal: (error: CounterfoilError) => void;
  /** Called once records are QUARANTINED on disk: nobody but a person moves them on. */
  readonly onQuarantined?: (sequences: readonly number[]) => void;
}

const logOf = (stream: Stream): TrailLog => (stream === 'schedule_two' ? 'schedule_two' : 'audit');

/** The kernel's id of this boot; the process's start where there is none (not Linux). */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `process-${Math.round(performance.timeOrigin)}`;
  }
}

class OpenBuffer implements RecordBuffer {
  readonly gatewayId: string;
  readonly epoch: string;
  readonly trail: TrailOutbox;
  readonly archive: BufferArchive;
  readonly #writer: WriterClient;
  readonly #reader: Reader;
  readonly #readDb: Database;
  readonly #waits: WaitingReader;
  readonly #doubles: DoubleSaleReader;
  readonly #runs: RunReader;
  readonly #clock: Clock;
  readonly #unlock: () => void;
  readonly #onQuarantined: (sequences: readonly number[]) => void;

  constructor(parts: {
    options: OpenBufferOptions;
    worker: Worker;
    reader: Reader;
    waits: WaitingReader;
    readDb: Database;
    archive: Omit<ArchiveStoreParts, 'ask' | 'db' | 'gatewayId'>;
    facts: WriterFacts;
    unlock: () => void;
  }) {
    this.gatewayId = parts.options.gatewayId;
    this.epoch = parts.facts.epoch;
    this.#writer = new WriterClient(parts.worker, parts.facts, parts.options.onFatal);
    this.trail = new Outbox(this.#writer, parts.readDb);
    this.archive = new ArchiveStore({
      ...parts.archive,
      db: parts.readDb,
      gatewayId: this.gatewayId,
      ask: async (step) => {
        const reply = await this.#writer.ask({ op: 'archive', step });
        if (!('archived' in reply)) throw new Error('the writer answered an archive step with something else');
        return reply.archived;
      },
    });
    this.#reader = parts.reader;
    this.#readDb = parts.readDb;
    this.#waits = parts.waits;
    this.#doubles = new DoubleSaleReader(parts.readDb);
    this.#runs = new RunReader(parts.readDb);
    this.#clock = parts.options.clock;
    this.#unlock = parts.unlock;
    this.#onQuarantined = parts.options.onQuarantined ?? (() => {});
  }

  async intake(items: readonly IntakeItem[]): Promise<IntakeResult[]> {
    const { message, transfer } = encodeItems(items);
    const reply = await this.#writer.ask({ op: 'intake', message }, transfer);
    return 'intake' in reply ? decodeResults(reply.intake) : [];
  }

  readPending(stream: Stream, limit: number, maxBytes: number) {
    return this.#reader.readPending(stream, limit, maxBytes);
  }

  readFrom(stream: Stream, streamSequence: number, limit: number, maxBytes: number) {
    return this.#reader.readFrom(stream, streamSequence, limit, maxBytes);
  }

  readAwaiting(stream: Stream, afterStreamSequence: number, limit: number) {
    return this.#reader.readAwaiting(stream, afterStreamSequence, limit);
  }

  newestSynced(stream: Stream) {
    return this.#reader.newestSynced(stream);
  }

  async settle(stream: Stream, settlements: readonly Settlement[]): Promise<SettledRecord[]> {
    const reply = await this.#writer.ask({ op: 'settle', log: logOf(stream), settlements });
    if (!('settled' in reply)) return [];
    return reply.settled.map((row) => this.#settledOf(row));
  }

  #settledOf(row: SettledRow): SettledRecord {
    return {
      ...row,
      laneHash: Buffer.from(row.laneHash),
      payloadHash: Buffer.from(row.payloadHash),
      trail: placeOf(row.trail),
      idempotencyKey: this.#reader.keyOf(row.sequence),
    };
  }

  async quarantine(stream: Stream, sequences: readonly number[]): Promise<void> {
    await this.#writer.ask({ op: 'quarantine', log: logOf(stream), sequences });
    this.#onQuarantined(sequences);
  }

  async noteGaps(stream: Stream, sequences: readonly number[]): Promise<void> {
    await this.#writer.ask({ op: 'noteGaps', log: logOf(stream), sequences });
  }

  readWaiting(query: WaitingQuery): readonly WaitingItem[] {
    return this.#waits.list(query);
  }

  readWaitingDetail(of: WaitingItem['of'], number: number): WaitingDetail | null {
    return this.#waits.detail(of, number);
  }

  readDoubleSales(limit: number): readonly DoubleSale[] {
    return this.#doubles.list(limit);
  }

  async review(act: SignedAct, correction: IntakeItem | null): Promise<ActOutcome> {
    const { message, transfer } = encodeItems(correction === null ? [] : [correction]);
    const reply = await this.#writer.ask({ op: 'review', act, message }, transfer);
    if (!('reviewed' in reply)) throw new Error('the writer answered an act with something else');
    const { moved, correction: result, trail, repeated } = reply.reviewed;
    return {
      repeated,
      moved: moved.map((row) => this.#settledOf(row)),
      correction: result === null ? null : (decodeResults(result)[0] ?? null),
      trail: placeOf(trail),
    };
  }

  async practise(items: readonly IntakeItem[]): Promise<IntakeResult[]> {
    const { message, transfer } = encodeItems(items);
    const reply = await this.#writer.ask({ op: 'practise', message }, transfer);
    return 'intake' in reply ? decodeResults(reply.intake) : [];
  }

  async setTraining(lane: string, untilMs: number | null): Promise<void> {
    await this.#writer.ask({ op: 'setTraining', lane, untilMs });
  }

  trainingLanes(): readonly LaneTraining[] {
    return this.#waits.trainingLanes();
  }

  openRun(): OpenRun | null {
    return this.#runs.openRun();
  }

  async beginRun(): Promise<OpenRun> {
    const reply = await this.#writer.ask({ op: 'beginRun' });
    if (!('run' in reply)) throw new Error('the writer answered a run with something else');
    return reply.run;
  }

  readRun(run: number): readonly RunOutcome[] {
    return this.#runs.outcomes(run, this.#reader);
  }

  payloadOf(sequence: number): Buffer | null {
    return this.#reader.payloadOf(sequence);
  }

  async closeRun(
    run: number,
    parts: readonly ManifestPart[],
    statement: ManifestStatement | null,
  ): Promise<TrailPlace | null> {
    const reply = await this.#writer.ask({ op: 'closeRun', run, parts, statement });
    return 'manifest' in reply && reply.manifest !== null ? placeOf(reply.manifest) : null;
  }

  async note<K extends TrailKind>(log: TrailLog, kind: K, body: TrailBodyOf<K>): Promise<TrailPlace> {
    return answeredPlace(await this.#writer.ask({ op: 'note', log, kind, body }));
  }

  async noteStart(start: GatewayStart): Promise<TrailPlace> {
    return answeredPlace(await this.#writer.ask({ op: 'noteStart', start }));
  }

  async noteStop(): Promise<TrailPlace> {
    return answeredPlace(await this.#writer.ask({ op: 'noteStop' }));
  }

  facts(): BufferFacts {
    return withAges(this.#writer.facts(), this.#clock.monotonicMs());
  }

  reusableBytes(): number {
    return this.#reader.reusableBytes();
  }

  async close(): Promise<void> {
    // The writer closes last, so that it folds the WAL back into the file.
    if (this.#readDb.open) this.#readDb.close();
    if (await this.#writer.close()) this.#unlock();
  }
}

/**
 * Opens the buffer in `dataDir`, making a first one where there has never been any.
 * Throws `buffer_locked`, `buffer_damaged`, `buffer_newer`, `buffer_unfit` or `key_missing` (all exit 78),
 * `storage_full` or `storage_io` (exit 74).
 */
export async function openBuffer(options: OpenBufferOptions): Promise<RecordBuffer> {
  const paths = bufferPaths(options.dataDir);
  let unlock = () => {};
  try {
    prepareDataDir(options.dataDir);
    unlock = lockDataDir(options.dataDir);
    createIfNew(paths, options.gatewayId, options.clock.utcMs());
    const boxKey = readBoxKey(paths);
    const archiveDir = options.archiveDir ?? null;
    const { worker, facts } = await startThread({ path: paths.db, boxKey, bootId: bootId(), archiveDir });
    const readDb = openForReading(paths.db);
    const ring = readKeyring(readDb, boxKey);
    const frames = new FrameReader(readDb, ring, archiveDir);
    const reader = new Reader(readDb, ring, frames);
    const archive = { ring, frames, kept: new KeptReader(readDb, ring) };
    const waits = new WaitingReader(readDb, ring, reader);
    return new OpenBuffer({ options, worker, reader, waits, readDb, archive, facts, unlock });
  } catch (error) {
    unlock();
    throw storageError(error);
  }
}

function startThread(options: ThreadOptions): Promise<{ worker: Worker; facts: WriterFacts }> {
  const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), { workerData: options });
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (reply: ThreadReply) => {
      worker.removeListener('error', reject);
      if ('ready' in reply) resolve({ worker, facts: reply.ready });
      else if ('unfit' in reply) reject(errorOf(reply.unfit));
      else reject(threadDied(null));
    });
  });
}
