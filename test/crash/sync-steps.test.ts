/**
 * Every durable step between "attempt recorded" and "settled", broken off: the process is killed in place of each file call on
 * the way, the disk refuses each write (failed, not done) and each sync (failed, perhaps done). Afterwards nothing is lost,
 * nothing is at the PMS twice, nothing waits for ever, and the trail shows each attempt, with or without its answer.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { runSeed, seededRandom } from '../harness/crash/random.ts';
import type { TestRecord } from '../harness/crash/records.ts';
import { canBuildRecorder } from '../harness/crash/shim.ts';
import { Scene } from '../harness/scene.ts';
import type { Shop } from '../harness/wayward-pms/shop.ts';
import { type Reached, type Swept, sweep, type Trouble, type Way } from '../harness/wayward-pms/sweep.ts';

const seed = runSeed();
const WAL = 'buffer.db-wal';
/** Of the longer ways each run takes every fifth call, other ones for another seed. */
const STRIDE = 5;
/** The settling of many is hundreds of calls; the last slice of it is longer than this. */
const MANY_STRIDE = 30;
const everyFifth = (walk: number) => 1 + (seed % STRIDE) + walk * STRIDE;
const EACH_STEP: readonly Reached[] = [
  'not stored',
  'stored, no attempt on record',
  'attempt on record, nothing at the PMS',
  'at the PMS, not settled',
  'settled, the till not told',
];

if (!canBuildRecorder()) {
  process.stderr.write('SKIPPED: crash tests need Linux and gcc (apt-get install -y gcc libc6-dev)\n');
}

const KILL: Trouble = {
  name: 'SIGKILL in place of a file call',
  arm: (recorder, call) => recorder.killAtCall(call),
  disarm: (recorder) => recorder.killAtCall(0),
  struck: (recorder) => recorder.callsUntilKill() === 0,
  ends: true,
};
const struck: Trouble['struck'] = (recorder, before) => recorder.faultsGiven() > before;
const refuse = (error: 'ENOSPC' | 'EIO'): Trouble => ({
  name: `${error} on a write`,
  arm: (recorder, call) => recorder.failWrites({ error, skip: call - 1, times: 1 }, WAL),
  disarm: (recorder) => recorder.clearFaults(),
  struck,
  ends: error === 'EIO',
});
const FAIL_SYNC: Trouble = {
  name: 'EIO on a sync',
  arm: (recorder, call) => recorder.failSyncs({ error: 'EIO', skip: call - 1, times: 1 }, WAL),
  disarm: (recorder) => recorder.clearFaults(),
  struck,
  ends: true,
};

/** Publish, attempt, answer, settle. Schedule II, because it waits for nothing. */
const ACCEPTED: Way = {
  name: 'accepted',
  walk: async (shop, arm, made) => {
    arm();
    await shop.publish(1, 'II', made);
  },
};

/** The counting begins when the next batch has reached the PMS: what is before that is the same on every way. */
function armAtThePms(shop: Shop, arm: () => void): void {
  shop.pms.stepIn = async (step, request) => {
    if (step !== 'arrived' || request.batch === null) return 'go on';
    shop.pms.stepIn = null;
    arm();
    return 'go on';
  };
}

/** The answer was lost, the PMS asks for what follows: a look-up settles. */
const LOOKED_UP: Way = {
  name: 'looked up after 409',
  walk: async (shop, arm, made) => {
    shop.pms.play('taken, then 409 to what follows', 1);
    armAtThePms(shop, arm);
    await shop.publish(1, 'II', made);
  },
};

/** AWAITING_VERIFICATION first, settled by polling. */
const POLLED: Way = {
  name: 'verified later',
  opinionOf: () => 'verify',
  walk: async (shop, arm, made) => {
    armAtThePms(shop, arm);
    await shop.publish(1, 'II', made);
  },
};

/** Set aside by the second hash_mismatch; a marker goes in its place and is noted. */
const unwanted = new Set<string>();
const SET_ASIDE: Way = {
  name: 'set aside',
  opinionOf: (key) => (unwanted.has(key) ? 'mismatch_always' : 'accept'),
  walk: async (shop, arm, made) => {
    // A good one first: three given up in a row would stop the stream.
    await shop.publish(1, 'II');
    await shop.until(() => shop.idle, 'the good one');
    armAtThePms(shop, arm);
    await shop.publish(1, 'II', (records) => {
      for (const { key } of records) unwanted.add(key);
      made(records);
    });
  },
};

/** Damaged behind the gateway's back while it was down: quarantined at its start, after a good one has been delivered. */
const QUARANTINED: Way = {
  name: 'quarantined',
  walk: async (shop, arm, made) => {
    shop.pms.cutLine();
    await shop.publish(1, 'IV');
    let damaged: TestRecord | undefined;
    await shop.publish(1, 'IV', (records) => {
      damaged = records[0];
      made(records);
    });
    await shop.stop('SIGTERM');
    damage(shop.gateway.bufferFile, damaged?.laneHash ?? '');
    shop.pms.mendLine();
    armAtThePms(shop, arm);
    // It may be gone before all tills are in.
    await shop.enter().catch(async () => await shop.gateway.ended());
  },
  tidy: ({ gateway }) => repair(gateway.bufferFile),
};

/** More than the buffer settles in one transaction. */
const MANY_RECORDS = 300;
const MORE_THAN_ONE_SLICE = 201;

/** One answer to many records, whose settling takes several transactions. */
const MANY: Way = {
  name: 'many in one answer',
  plants: [join(import.meta.dirname, '../harness/wayward-pms/plant-whole-batches.ts')],
  walk: async (shop, arm, made) => {
    shop.pms.cutLine();
    await shop.publish(MANY_RECORDS, 'IV', made);
    // A new process has no failures behind it, so its first request is a whole one.
    await shop.stop('SIGTERM');
    shop.pms.stepIn = async (step, { batch }) => {
      if (step !== 'arrived' || (batch?.records.length ?? 0) < MORE_THAN_ONE_SLICE) return 'go on';
      shop.pms.stepIn = null;
      arm();
      return 'go on';
    };
    shop.pms.mendLine();
    await shop.enter().catch(async () => await shop.gateway.ended());
  },
};

describe.skipIf(!canBuildRecorder())(`steps of sync, CRASH_SEED=${seed}`, () => {
  /** Sweeps, says what was met, and has the checker look at what is left. */
  async function swept(
    way: Way,
    trouble: Trouble,
    calls?: (walk: number) => number,
    mustMeet: readonly Reached[] = [],
  ): Promise<Swept & { bad: string[] }> {
    const scene = new Scene();
    try {
      const found = await sweep(scene, way, trouble, {
        random: seededRandom(seed),
        mustMeet,
        ...(calls === undefined ? {} : { calls }),
      });
      const list = [...found.ends].map(([reached, count]) => `${count} ${reached}`).join(', ');
      process.stdout.write(`${way.name}, ${trouble.name}: met ${found.met} times; ended ${list || 'never'}\n`);
      const mayGiveUp = [...found.shop.world.published.values()].filter(({ key }) => unwanted.has(key)).length;
      const damaged = way === QUARANTINED ? found.met + 1 : 0;
      const unwritten = trouble.ends ? 0 : found.met;
      return { ...found, bad: found.shop.problems({ mayGiveUp, damaged, unwritten }) };
    } finally {
      await scene.close();
    }
  }

  const ends = ({ ends: found }: Swept) => [...found.values()].reduce((sum, count) => sum + count, 0);

  it.concurrent('killed at each file call from the publish to the answer on record', async () => {
    const found = await swept(ACCEPTED, KILL, undefined, EACH_STEP);
    expect(found.bad).toEqual([]);
    expect([...found.ends.keys()]).toEqual(expect.arrayContaining([...EACH_STEP]));
  });

  it.concurrent.each([LOOKED_UP, POLLED, SET_ASIDE, QUARANTINED])('$name: killed at file calls', async (way) => {
    const found = await swept(way, KILL, everyFifth);
    expect(found.bad).toEqual([]);
    expect(ends(found)).toBeGreaterThan(4);
  });

  it.concurrent('many in one answer: killed in the middle of settling', async () => {
    const found = await swept(MANY, KILL, (walk) => 1 + (seed % MANY_STRIDE) + walk * MANY_STRIDE);
    expect(found.bad).toEqual([]);
    expect([...found.ends.keys()]).toContain('at the PMS, its batch settled in part');
  });

  it.concurrent.each([ACCEPTED, LOOKED_UP, SET_ASIDE, QUARANTINED])(
    '$name: a disk full at each write is waited for',
    async (way) => {
      const found = await swept(way, refuse('ENOSPC'));
      expect(found.bad).toEqual([]);
      expect(found.met).toBeGreaterThan(3);
      expect(ends(found)).toBe(0);
    },
  );

  it.concurrent.each(
    [ACCEPTED, SET_ASIDE, QUARANTINED].flatMap((way) =>
      [refuse('EIO'), FAIL_SYNC].map((trouble) => ({ way, trouble })),
    ),
  )('$way.name: $trouble.name ends the process, the next one finds the truth', async ({ way, trouble }) => {
    const found = await swept(way, trouble, trouble === FAIL_SYNC ? undefined : everyFifth);
    expect(found.bad).toEqual([]);
    expect(found.met).toBeGreaterThan(2);
    expect(ends(found)).toBe(found.met);
  });
});

/** The last good bytes of what was damaged, by buffer file and row. */
const GOOD = 'CREATE TABLE IF NOT EXISTS good_bytes (pack INTEGER PRIMARY KEY, sealed BLOB NOT NULL)';

/** Zeroes over the sealed bytes of one record's pack; the good ones are kept in a table of their own. */
function damage(file: string, laneHash: string): void {
  behindItsBack(file, (db) => {
    const pack = db
      .prepare<[Buffer], number>('SELECT pack FROM record WHERE lane_hash = ?')
      .pluck()
      .get(Buffer.from(laneHash, 'hex'));
    db.exec(GOOD);
    db.prepare('INSERT INTO good_bytes SELECT record_id, sealed FROM record WHERE record_id = ?').run(pack);
    db.prepare('UPDATE record SET sealed = zeroblob(length(sealed)) WHERE record_id = ?').run(pack);
  });
}

/** Puts the good bytes back, because the checker reads every byte. */
function repair(file: string): void {
  behindItsBack(file, (db) => {
    db.exec(`${GOOD};
      UPDATE record SET sealed = g.sealed FROM good_bytes g WHERE g.pack = record.record_id; DROP TABLE good_bytes`);
  });
}

/** The trigger that would stop a program from this is gone while `act` runs. */
function behindItsBack(file: string, act: (db: Database.Database) => void): void {
  const db = new Database(file, { fileMustExist: true });
  try {
    const trigger = db
      .prepare<[], string>("SELECT sql FROM sqlite_schema WHERE name = 'record_is_never_edited'")
      .pluck()
      .get();
    db.exec('DROP TRIGGER record_is_never_edited');
    act(db);
    db.exec(trigger ?? '');
  } finally {
    db.close();
  }
}
