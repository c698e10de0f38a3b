/** A buffer in a fresh folder, with a clock moved by hand, for the tests of this room. */
import { hash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import type { Clock } from '../../src/base/clock.ts';
import type { IntakeItem } from '../../src/buffer/api.ts';
import { bufferPaths, createIfNew, openForWriting, prepareDataDir, readBoxKey } from '../../src/buffer/files.ts';
import type { TailLimits } from '../../src/buffer/key-tail.ts';
import { Writer, type WriterOptions } from '../../src/buffer/writer.ts';
import { type CheckedRecord, type Kind, type Schedule, streamOf } from '../../src/record/types.ts';

export interface HandClock extends Clock {
  nowMs: number;
}

export function handClock(): HandClock {
  const clock = { nowMs: 1_000_000, utcMs: () => 1_800_000_000_000 + clock.nowMs, monotonicMs: () => clock.nowMs };
  return clock;
}

/** Makes a folder and removes it after `work`. */
export async function inFolder<T>(work: (folder: string) => T | Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-buffer-'));
  try {
    return await work(join(folder, 'data'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface Opened {
  readonly writer: Writer;
  readonly db: Database;
  readonly clock: HandClock;
}

/** Opens the writer on `dataDir` without a thread. */
export function openWriter(dataDir: string, tailLimits?: TailLimits, bootId = 'boot-1', more: WriterMore = {}): Opened {
  const clock = handClock();
  const paths = bufferPaths(dataDir);
  prepareDataDir(dataDir);
  createIfNew(paths, 'gw-test', clock.utcMs());
  const db = openForWriting(paths.db);
  const boxKey = readBoxKey(paths);
  const limits = tailLimits === undefined ? {} : { tailLimits };
  const writer = new Writer(db, { clock, bootId, boxKey, ...limits, ...more });
  return { writer, db, clock };
}

type WriterMore = Pick<WriterOptions, 'onFixed' | 'pruneEntries'>;

export interface RecordWish {
  readonly key: string;
  readonly lane?: string;
  readonly schedule?: Schedule;
  readonly kind?: Kind;
  readonly refersTo?: string;
  readonly fill?: string;
  readonly body?: string;
  readonly laneSequence?: number;
}

/** An intake item with real hashes; equal wishes give equal bytes. */
export function item(wish: RecordWish): Extract<IntakeItem, { type: 'record' }> {
  const schedule = wish.schedule ?? 'NONE';
  const payload = Buffer.from(JSON.stringify({ body: wish.body ?? '', idempotency_key: wish.key, schedule }));
  const digest = hash('sha256', payload, 'buffer');
  const record: CheckedRecord = {
    idempotencyKey: wish.key,
    schedule,
    stream: streamOf(schedule),
    kind: wish.kind ?? 'DISPENSE',
    refersTo: wish.refersTo ?? null,
    laneInstance: wish.laneSequence === undefined ? null : 'till-1',
    laneSequence: wish.laneSequence ?? null,
    fillIdentity: wish.fill ?? null,
    laneHash: digest,
    payload,
    payloadHash: digest,
    flags: [],
  };
  return { type: 'record', lane: wish.lane ?? 'lane-1', receivedAtMs: 1_800_000_000_000, clock: 'unknown', record };
}

export function refusal(bytes: Buffer, lane = 'lane-1'): IntakeItem {
  return {
    type: 'refused',
    lane,
    receivedAtMs: 1_800_000_000_000,
    idempotencyKey: null,
    hash: hash('sha256', bytes, 'buffer'),
    reasons: [{ code: 'not_json', field: null, message: 'send JSON' }],
    bytes,
  };
}

export const anyKey = (): string => randomBytes(12).toString('hex');
