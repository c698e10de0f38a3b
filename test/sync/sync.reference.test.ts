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
import { makeSync, type RigOptions } from './rig.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const TOKEN = 'reference-token';

/** 60 records, every third of Schedule II. */
const SIXTY: readonly Schedule[] = Array.from({ length: 60 }, (_, index) => (index % 3 === 0 ? 'II' : 'IV'));

/**
 * The real buffer with an ear at it: it knows each record's last settled state, and whoever waits for something is asked
 * again after every note (whatever the loop does ends with one).
 */
class HeardBuffer implements SyncBuffer {
  readonly inner: RecordBuffer;
  attempts = 0;
  readonly #states = new Map<number, State>();
  readonly #watchers = new Set<() => void>();

  constructor(inner: RecordBuffer) {
    this.inner = inner;
  }

  get gatewayId() {
    return this.inner.gatewayId;
  }

  get epoch() {
    return this.inner.epoch;
  }

  /** Takes one fresh record of each schedule in. */
  async takeIn(schedules: readonly Schedule[]): Promise<void> {
    const receivedAtMs = systemClock.utcMs();
    const items = schedules.map((schedule) => {
      const circumstances = { receivedAtMs, clock: 'synchronised', products: null } as const;
      const outcome = checkRecord(Buffer.from(wire(aRecord({ schedule }))), circumstances);
      if (!outcome.ok) throw new Error('the record should be one');
      return { type: 'record', lane: 'lane-1', receivedAtMs, clock: 'synchronised', record: outcome.record } as const;
    });
    for (const result of await this.inner.intake(items)) {
      if ('sequence' in result) this.#states.set(result.sequence, result.state);
    }
  }

  counts(): Partial<Record<State, number>> {
    const counts: Partial<Record<State, number>> = {};
    for (const state of this.#states.values()) counts[state] = (counts[state] ?? 0) + 1;
    return counts;
  }

  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  readPending(...args: Parameters<SyncBuffer['readPending']>) {
    return this.inner.readPending(...args);
  }

  readFrom(...args: Parameters<SyncBuffer['readFrom']>) {
    return this.inner.readFrom(...args);
  }

  newestSynced(...args: Parameters<SyncBuffer['newestSynced']>) {
    return this.inner.newestSynced(...args);
  }

  readAwaiting(...args: Parameters<SyncBuffer['readAwaiting']>) {
    return this.inner.readAwaiting(...args);
  }

  async settle(...args: Parameters<SyncBuffer['settle']>) {
    const settled = await this.inner.settle(...args);
    for (const { sequence, state } of settled) this.#states.set(sequence, state);
    return settled;
  }

  noteGaps(...args: Parameters<SyncBuffer['noteGaps']>) {
    return this.inner.noteGaps(...args);
  }

  quarantine(...args: Parameters<SyncBuffer['quarantine']>) {
    return this.inner.quarantine(...args);
  }

  async note(...args: Parameters<SyncBuffer['note']>) {
    const place = await this.inner.note(...args);
    if (args[1] === 'sync_attempt') this.attempts += 1;
    for (const look of [...this.#watchers]) look();
    return place;
  }
}

async function openHeard(): Promise<HeardBuffer> {
  const buffer = await openBuffer({
    dataDir: join(scene.folder(), 'data'),
    gatewayId: 'gw-0042',
    clock: systemClock,
    onFatal: (error) => {
      throw error;
    },
  });
  scene.onClose(() => buffer.close());
  return new HeardBuffer(buffer);
}

/** A PMS with these faults on fresh books. */
async function startPms(faults: readonly string[]) {
  const dbFile = join(scene.folder(), 'pms.db');
  const pms = new ReferencePms({ url: 'http://127.0.0.1:0', dbFile, token: TOKEN, faults });
  const { url } = await pms.start();
  scene.onClose(() => pms.stop());
  return { pms, url, dbFile };
}

/** Everything put together, with 60 records waiting; the stage is not started. */
async function stage(faults: readonly string[], options: RigOptions['options'] = {}) {
  const { pms, url, dbFile } = await startPms(faults);
  const buffer = await openHeard();
  await buffer.takeIn(SIXTY);
  const rigOptions = { options: { batchSize: 25, ...options }, parts: { readToken: () => TOKEN } };
  const { sync, told } = makeSync(scene, url, buffer, rigOptions);
  return { buffer, pms, dbFile, sync, told };
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

describe('with the reference PMS', () => {
  test('every record arrives once, and the buffer says so', async () => {
    const { buffer, dbFile, sync, told } = await stage([]);
    sync.start();
    await buffer.until(() => buffer.counts().SYNCED === 60);
    expect(buffer.counts()).toEqual({ SYNCED: 60 });
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
    const { buffer, pms, dbFile, sync } = await stage([fault]);
    sync.start();
    await buffer.until(() => buffer.attempts >= 8);
    expect(buffer.counts()).toEqual({ PENDING: 60 });
    pms.faults.clear(fault.split('=')[0] as Parameters<typeof pms.faults.clear>[0]);
    await buffer.until(() => buffer.counts().SYNCED === 60);
    expect(booksOf(dbFile).held).toBe(60);
  });

  test.each(['error_500@0.5', 'reset@0.5', 'drop_answer@0.5', 'missing_results@0.3', 'wrong_echo@0.3', 'bare_200@0.5'])(
    'everything arrives once although it happens again and again: %s',
    async (fault) => {
      const { buffer, dbFile, sync } = await stage([fault]);
      sync.start();
      await buffer.until(() => buffer.counts().SYNCED === 60);
      expect(booksOf(dbFile).held).toBe(60);
    },
  );

  test('batches too large for it are halved', async () => {
    const { buffer, dbFile, sync } = await stage(['too_large=4']);
    sync.start();
    await buffer.until(() => buffer.counts().SYNCED === 60);
    expect(booksOf(dbFile).held).toBe(60);
  });

  test('records it cannot read are found and set aside, the others arrive', async () => {
    const { buffer, dbFile, sync } = await stage(['unprocessable_every_nth=7']);
    sync.start();
    await buffer.until(() => buffer.counts().PENDING === undefined && booksOf(dbFile).gaps === 7);
    expect(buffer.counts()).toEqual({ SYNCED: 53, SET_ASIDE: 7 });
  });

  test('rejected records are over', async () => {
    const { buffer, dbFile, sync } = await stage(['reject_every_nth=10']);
    sync.start();
    await buffer.until(() => buffer.counts().PENDING === undefined);
    expect(buffer.counts()).toEqual({ SYNCED: 54, REJECTED: 6 });
    expect(booksOf(dbFile)).toEqual({ held: 54, gaps: 0, rejected: 6 });
  });

  test('a hash mismatch that passes is no loss', async () => {
    const { buffer, sync } = await stage(['hash_mismatch_once=9']);
    sync.start();
    await buffer.until(() => buffer.counts().SYNCED === 60);
  });

  test('a hash mismatch that stays ends in a marker', async () => {
    const { buffer, dbFile, sync } = await stage(['hash_mismatch=9']);
    sync.start();
    await buffer.until(() => buffer.counts().PENDING === undefined && booksOf(dbFile).gaps === 6);
    expect(buffer.counts()).toEqual({ SYNCED: 54, SET_ASIDE: 6 });
  });

  test.each([
    ['pending_verification=3', { SYNCED: 60 }],
    ['pending_declined=2', { SYNCED: 40, REJECTED: 20 }],
  ])('Schedule II that is verified later ends by look-up: %s', async (fault, expected) => {
    const { buffer, sync } = await stage([fault]);
    sync.start();
    await buffer.until(
      () => buffer.counts().PENDING === undefined && buffer.counts().AWAITING_VERIFICATION === undefined,
    );
    expect(buffer.counts()).toEqual(expected);
  });

  test('Schedule II that is accepted without verification stays PENDING, the rest arrives', async () => {
    const { buffer, sync } = await stage(['no_verification']);
    sync.start();
    await buffer.until(() => buffer.counts().SYNCED === 40 && buffer.attempts >= 8);
    expect(buffer.counts()).toEqual({ SYNCED: 40, PENDING: 20 });
  });
});

describe('after a restart', () => {
  test('of the stage in the middle of it, everything arrives once', async () => {
    const { buffer, dbFile, sync } = await stage(['drop_answer@0.5'], { stopGraceMs: 0 });
    for (const attempts of [1, 3, 5]) {
      sync.start();
      await buffer.until(() => buffer.attempts >= attempts);
      await sync.stop();
    }
    sync.start();
    await buffer.until(() => buffer.counts().SYNCED === 60);
    expect(booksOf(dbFile).held).toBe(60);
  });

  test('of a PMS with empty books, it gets everything again and no state changes back', async () => {
    const { buffer, sync } = await stage([]);
    sync.start();
    await buffer.until(() => buffer.counts().SYNCED === 60);
    await sync.stop();
    const { url, dbFile } = await startPms([]);
    await buffer.takeIn(['II', 'V']);
    const again = makeSync(scene, url, buffer, { parts: { readToken: () => TOKEN } });
    again.sync.start();
    await buffer.until(() => buffer.counts().SYNCED === 62 && booksOf(dbFile).held === 62);
    expect(again.told.alarms).toEqual([]);
    expect(again.told.settled).toHaveLength(2);
  });
});
