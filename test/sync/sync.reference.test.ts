/** The stage between the real buffer and the reference PMS, through one fault after the other. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { RecordBuffer } from '../../src/buffer/api.ts';
import { openBuffer } from '../../src/buffer/open.ts';
import { ReferencePms } from '../../src/demo/pms/reference-pms.ts';
import { checkRecord } from '../../src/record/check.ts';
import type { Schedule, State } from '../../src/record/types.ts';
import type { SyncBuffer } from '../../src/sync/ports.ts';
import { aRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';
import { makeSync, type RigOptions, type Told } from './rig.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const TOKEN = 'reference-token';

interface Stage {
  readonly buffer: RecordBuffer;
  readonly pms: ReferencePms;
  readonly dbFile: string;
  readonly told: Told;
  /** Starts the stage; again after `sync.stop()`. */
  readonly sync: ReturnType<typeof makeSync>['sync'];
  /** Attempts recorded so far. */
  readonly attempts: () => number;
  readonly until: (holds: () => boolean) => Promise<void>;
}

/** Passes everything on and looks at `watchers` after each note: whatever the loop does ends with one. */
function watched(buffer: RecordBuffer, onNote: (kind: string) => void): SyncBuffer {
  return {
    gatewayId: buffer.gatewayId,
    epoch: buffer.epoch,
    readPending: (...args) => buffer.readPending(...args),
    readFrom: (...args) => buffer.readFrom(...args),
    readAwaiting: (...args) => buffer.readAwaiting(...args),
    settle: (...args) => buffer.settle(...args),
    noteGaps: (...args) => buffer.noteGaps(...args),
    quarantine: (...args) => buffer.quarantine(...args),
    note: async (log, kind, body) => {
      const place = await buffer.note(log, kind, body);
      onNote(kind);
      return place;
    },
  };
}

async function stage(faults: readonly string[], { options = {} }: RigOptions = {}): Promise<Stage> {
  const folder = scene.folder();
  const dbFile = join(folder, 'pms.db');
  const pms = new ReferencePms({ url: 'http://127.0.0.1:0', dbFile, token: TOKEN, faults });
  const { url } = await pms.start();
  scene.onClose(() => pms.stop());
  const buffer = await openBuffer({
    dataDir: join(folder, 'data'),
    gatewayId: 'gw-0042',
    clock: systemClock,
    onFatal: (error) => {
      throw error;
    },
  });
  scene.onClose(() => buffer.close());
  let attempts = 0;
  const watchers = new Set<() => void>();
  const onNote = (kind: string) => {
    if (kind === 'sync_attempt') attempts += 1;
    for (const look of [...watchers]) look();
  };
  const { sync, told } = makeSync(scene, url, watched(buffer, onNote), {
    options: { batchSize: 25, ...options },
    parts: { readToken: () => TOKEN },
  });
  const until = (holds: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!holds()) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
    });
  return { buffer, pms, dbFile, told, sync, attempts: () => attempts, until };
}

async function takeIn(buffer: RecordBuffer, schedules: readonly Schedule[]): Promise<void> {
  const receivedAtMs = systemClock.utcMs();
  const items = schedules.map((schedule) => {
    const outcome = checkRecord(Buffer.from(wire(aRecord({ schedule }))), {
      receivedAtMs,
      clock: 'synchronised',
      products: null,
    });
    if (!outcome.ok) throw new Error('the record should be one');
    return { type: 'record', lane: 'lane-1', receivedAtMs, clock: 'synchronised', record: outcome.record } as const;
  });
  await buffer.intake(items);
}

function counts(buffer: RecordBuffer): Partial<Record<State, number>> {
  const sum: Partial<Record<State, number>> = {};
  for (const states of Object.values(buffer.facts().counts)) {
    for (const [state, count] of Object.entries(states)) {
      sum[state as State] = (sum[state as State] ?? 0) + count;
    }
  }
  return Object.fromEntries(Object.entries(sum).filter(([, count]) => count > 0));
}

/** What the PMS has, by its own books. */
function booksOf(dbFile: string): { held: number; gaps: number; rejected: number } {
  const database = new Database(dbFile, { readonly: true });
  try {
    const count = (sql: string) => database.prepare<[], { n: number }>(sql).get()?.n ?? 0;
    return {
      held: count("SELECT COUNT(*) AS n FROM records WHERE status = 'accepted'"),
      gaps: count("SELECT COUNT(*) AS n FROM places WHERE status = 'noted'"),
      rejected: count("SELECT COUNT(*) AS n FROM places WHERE status = 'rejected'"),
    };
  } finally {
    database.close();
  }
}

/** 60 records, every third of Schedule II. */
const SIXTY: readonly Schedule[] = Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? 'II' : 'IV'));

describe('with the reference PMS', () => {
  test('every record arrives once, and the buffer says so', async () => {
    const { buffer, dbFile, sync, until, told } = await stage([]);
    await takeIn(buffer, SIXTY);
    sync.start();
    await until(() => counts(buffer).SYNCED === 60);
    expect(counts(buffer)).toEqual({ SYNCED: 60 });
    expect(booksOf(dbFile)).toEqual({ held: 60, gaps: 0, rejected: 0 });
    expect(told.alarms).toEqual([]);
  });

  test.each([
    'down=0',
    'captive_portal',
    'redirect',
    'unauthorized',
    'forbidden',
    'not_found',
    'error_500',
    'throttle_429=0',
    'reset',
    'missing_results',
    'wrong_echo',
    'drop_answer',
    'bare_200',
  ])('nothing counts while the fault lasts, everything arrives afterwards: %s', async (fault) => {
    const { buffer, pms, dbFile, sync, until, attempts } = await stage([fault]);
    await takeIn(buffer, SIXTY);
    sync.start();
    await until(() => attempts() >= 8);
    expect(counts(buffer)).toEqual({ PENDING: 60 });
    pms.faults.clear(fault.split('=')[0] as Parameters<typeof pms.faults.clear>[0]);
    await until(() => counts(buffer).SYNCED === 60);
    expect(booksOf(dbFile).held).toBe(60);
  });

  test.each(['error_500@0.5', 'reset@0.5', 'drop_answer@0.5', 'missing_results@0.3', 'wrong_echo@0.3', 'bare_200@0.5'])(
    'everything arrives once although it happens again and again: %s',
    async (fault) => {
      const { buffer, dbFile, sync, until } = await stage([fault]);
      await takeIn(buffer, SIXTY);
      sync.start();
      await until(() => counts(buffer).SYNCED === 60);
      expect(booksOf(dbFile).held).toBe(60);
    },
  );

  test('batches too large for it are halved', async () => {
    const { buffer, dbFile, sync, until } = await stage(['too_large=4']);
    await takeIn(buffer, SIXTY);
    sync.start();
    await until(() => counts(buffer).SYNCED === 60);
    expect(booksOf(dbFile).held).toBe(60);
  });

  test('records it cannot read are found and set aside, the others arrive', async () => {
    const { buffer, dbFile, sync, until } = await stage(['unprocessable_every_nth=7']);
    await takeIn(buffer, SIXTY);
    sync.start();
    await until(() => counts(buffer).PENDING === undefined);
    await until(() => booksOf(dbFile).gaps === 7);
    expect(counts(buffer)).toEqual({ SYNCED: 53, SET_ASIDE: 7 });
  });

  test('rejected records are over', async () => {
    const { buffer, dbFile, sync, until } = await stage(['reject_every_nth=10']);
    await takeIn(buffer, SIXTY);
    sync.start();
    await until(() => counts(buffer).PENDING === undefined);
    expect(counts(buffer)).toEqual({ SYNCED: 54, REJECTED: 6 });
    expect(booksOf(dbFile)).toEqual({ held: 54, gaps: 0, rejected: 6 });
  });

  test('a hash mismatch that passes is no loss; one that stays ends in a marker', async () => {
    const passing = await stage(['hash_mismatch_once=9']);
    await takeIn(passing.buffer, SIXTY);
    passing.sync.start();
    await passing.until(() => counts(passing.buffer).SYNCED === 60);
    const staying = await stage(['hash_mismatch=9']);
    await takeIn(staying.buffer, SIXTY);
    staying.sync.start();
    await staying.until(() => counts(staying.buffer).PENDING === undefined && booksOf(staying.dbFile).gaps === 6);
    expect(counts(staying.buffer)).toEqual({ SYNCED: 54, SET_ASIDE: 6 });
  });

  test.each([
    ['pending_verification=3', { SYNCED: 60 }],
    ['pending_declined=2', { SYNCED: 40, REJECTED: 20 }],
  ])('Schedule II that is verified later ends by look-up: %s', async (fault, expected) => {
    const { buffer, sync, until } = await stage([fault]);
    await takeIn(buffer, SIXTY);
    sync.start();
    await until(() => counts(buffer).PENDING === undefined && counts(buffer).AWAITING_VERIFICATION === undefined);
    expect(counts(buffer)).toEqual(expected);
  });

  test('Schedule II that is accepted without verification stays PENDING, the rest arrives', async () => {
    const { buffer, sync, until, attempts } = await stage(['no_verification']);
    await takeIn(buffer, SIXTY);
    sync.start();
    await until(() => counts(buffer).SYNCED === 40 && attempts() >= 8);
    expect(counts(buffer)).toEqual({ SYNCED: 40, PENDING: 20 });
  });
});

describe('after a restart', () => {
  test('of the stage in the middle of it, everything arrives once', async () => {
    const { buffer, dbFile, sync, until, attempts } = await stage(['drop_answer@0.5'], { options: { stopGraceMs: 0 } });
    await takeIn(buffer, SIXTY);
    for (const pause of [1, 3, 5]) {
      sync.start();
      await until(() => attempts() >= pause);
      await sync.stop();
    }
    sync.start();
    await until(() => counts(buffer).SYNCED === 60);
    expect(booksOf(dbFile).held).toBe(60);
  });

  test('of a PMS with empty books, it gets everything again and no state changes back', async () => {
    const first = await stage([]);
    await takeIn(first.buffer, SIXTY);
    first.sync.start();
    await first.until(() => counts(first.buffer).SYNCED === 60);
    await first.sync.stop();
    const dbFile = join(scene.folder(), 'restored.db');
    const restored = new ReferencePms({ url: 'http://127.0.0.1:0', dbFile, token: TOKEN });
    const { url } = await restored.start();
    scene.onClose(() => restored.stop());
    await takeIn(first.buffer, ['II', 'V']);
    const { sync, told } = makeSync(scene, url, first.buffer, { parts: { readToken: () => TOKEN } });
    const arrived = new Promise<void>((resolve) => {
      const look = () => (counts(first.buffer).SYNCED === 62 ? resolve() : setImmediate(look));
      look();
    });
    sync.start();
    await arrived;
    expect(booksOf(dbFile).held).toBe(62);
    expect(told.alarms).toEqual([]);
  });
});
