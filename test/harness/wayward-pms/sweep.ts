/**
 * One way of a record through sync, walked again and again, with trouble at its first file call, then at its second, and so
 * on until the whole way has passed without any: no step between two calls is left out, whatever the steps are.
 */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { readTrail, type TrailEntry } from '../checker/attempts.ts';
import { scratchFolder } from '../crash/examine.ts';
import type { TestRecord } from '../crash/records.ts';
import type { Recorder } from '../crash/shim.ts';
import type { Scene } from '../scene.ts';
import type { Opinion } from './ledger.ts';
import { Shop } from './shop.ts';

export interface Way {
  readonly name: string;
  readonly opinionOf?: (key: string) => Opinion;
  /** Modules loaded into the gateway beside the short limits. */
  readonly plants?: readonly string[];
  /** Sends the gateway on its way; `arm` is called where the counting of file calls begins. */
  readonly walk: (shop: Shop, arm: () => void, made: (records: readonly TestRecord[]) => void) => Promise<void>;
  /** What every walk leaves behind, so that the checker can be asked at the end. */
  readonly tidy?: (shop: Shop) => void;
}

export interface Trouble {
  readonly name: string;
  readonly arm: (recorder: Recorder, call: number) => void;
  /** Takes back what has not struck yet. */
  readonly disarm: (recorder: Recorder) => void;
  /** Whether it has struck; `before`: faults given before it was armed. */
  readonly struck: (recorder: Recorder, before: number) => boolean;
  /** The process does not outlive it. */
  readonly ends: boolean;
}

/** How far the newest record had come when the process ended. */
export type Reached =
  | 'not stored'
  | 'stored, no attempt on record'
  | 'attempt on record, nothing at the PMS'
  | 'at the PMS, not settled'
  | 'at the PMS, its batch settled in part'
  | 'settled, the till not told'
  | 'settled and told';

export interface Swept {
  /** Ends of the process by how far it had come. */
  readonly ends: ReadonlyMap<Reached, number>;
  /** Walks that met the trouble, whether the process ended or not. */
  readonly met: number;
  readonly shop: Shop;
}

/** Far more file calls than any way has. */
const MOST_CALLS = 5000;

/**
 * Walks `way` until no trouble was met any more; `calls` gives the number of the call for walk i (default: every one). After
 * each walk the gateway is brought to rest; after the last one it has ended and is ready for the checker.
 */
export async function sweep(
  scene: Scene,
  way: Way,
  trouble: Trouble,
  options: { readonly random: () => number; readonly calls?: (walk: number) => number },
): Promise<Swept> {
  const opinionOf = way.opinionOf ?? (() => 'accept');
  const shop = await Shop.open(scene, {
    random: options.random,
    opinionOf,
    overRecorder: true,
    plants: way.plants ?? [],
  });
  const ends = new Map<Reached, number>();
  await shop.publish(2);
  await shop.until(() => shop.idle, 'rest before the first walk');
  for (let walk = 0; ; walk += 1) {
    const call = options.calls?.(walk) ?? walk + 1;
    if (call > MOST_CALLS) throw new Error(`"${way.name}" meets trouble for ever`);
    let newest: TestRecord | undefined;
    let armed = false;
    const before = shop.recorder.faultsGiven();
    await way.walk(
      shop,
      () => {
        armed = true;
        trouble.arm(shop.recorder, call);
      },
      (records) => {
        newest = records.at(-1);
      },
    );
    await shop.sendAgain();
    // An answer that could not be written down is never on record.
    const struck = () => armed && trouble.struck(shop.recorder, before);
    await shop.until(() => !shop.gateway.running || shop.idle || (shop.done && struck()), `rest after call ${call}`);
    if (!armed) throw new Error(`"${way.name}" never came to where the counting begins`);
    const met = struck();
    trouble.disarm(shop.recorder);
    if (!met) {
      await shop.settleDown();
      way.tidy?.(shop);
      return { ends, met: walk, shop };
    }
    if (!trouble.ends) continue;
    await shop.gateway.ended();
    const reached = reachedBy(shop, newest);
    ends.set(reached, (ends.get(reached) ?? 0) + 1);
    await shop.restart('SIGKILL');
    await shop.until(() => shop.done, `rest after the restart for call ${call}`);
  }
}

/** Reads a copy of the disk as it lies. */
function reachedBy(shop: Shop, record: TestRecord | undefined): Reached {
  const copy = scratchFolder('sweep');
  try {
    cpSync(shop.gateway.dataDir, copy, { recursive: true });
    const row = rowOf(copy, record?.laneHash ?? '');
    if (row === undefined) return 'not stored';
    if (row.state !== 'PENDING') {
      const told = shop.world.expectation().synced.has(record?.laneHash ?? '');
      return told ? 'settled and told' : 'settled, the till not told';
    }
    if (shop.pms.ledger.expected(row.stream) > row.number) {
      return isPartlySettled(copy, shop, row) ? 'at the PMS, its batch settled in part' : 'at the PMS, not settled';
    }
    const trail = readTrail(copy);
    const entries: TrailEntry[] = row.stream === 'standard' ? trail.audit : trail.schedule_two;
    const attempted = entries.some(({ k, r }) => k === 'sync_attempt' && Number(r.last) >= row.number);
    return attempted ? 'attempt on record, nothing at the PMS' : 'stored, no attempt on record';
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Whether the first record of the newest batch is settled though this one, of the same batch, is not. */
function isPartlySettled(dataDir: string, shop: Shop, { stream, number }: Row): boolean {
  const batch = shop.pms.requests.findLast((request) => request.batch?.stream === stream)?.batch;
  const first = batch?.first_sequence ?? number;
  if (first >= number) return false;
  const db = new Database(join(dataDir, 'buffer.db'), { readonly: true });
  try {
    const state = db
      .prepare<[number, number], number>('SELECT state FROM record WHERE (schedule = 2) = ? AND stream_sequence = ?')
      .pluck()
      .get(stream === 'schedule_two' ? 1 : 0, first);
    return state === 1;
  } finally {
    db.close();
  }
}

interface Row {
  readonly state: string;
  readonly stream: string;
  readonly number: number;
}

function rowOf(dataDir: string, laneHash: string): Row | undefined {
  const db = new Database(join(dataDir, 'buffer.db'));
  try {
    return db
      .prepare<[Buffer], Row>(
        `SELECT state.name AS state, stream_sequence AS number,
         CASE schedule WHEN 2 THEN 'schedule_two' ELSE 'standard' END AS stream
         FROM record JOIN state USING (state) WHERE lane_hash = ?`,
      )
      .get(Buffer.from(laneHash, 'hex'));
  } finally {
    db.close();
  }
}
