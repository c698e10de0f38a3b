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

/** More walks for a step that the calls of the sweep happened to miss. */
const MOST_AGAIN = 60;

export interface SweepOptions {
  readonly random: () => number;
  /** Number of the call for walk i; by default every one. */
  readonly calls?: (walk: number) => number;
  /**
   * Ends that have to be met, in their order on the way. Calls are not the same from walk to walk (a timer's write comes between or
   * does not), so the one in question can slip through; then the calls around it are walked again.
   */
  readonly mustMeet?: readonly Reached[];
}

/**
 * Walks `way` until no trouble was met any more, and on until `mustMeet` was met. After each walk the gateway is brought to
 * rest; after the last one it has ended and is ready for the checker.
 */
export async function sweep(scene: Scene, way: Way, trouble: Trouble, options: SweepOptions): Promise<Swept> {
  const { calls = (walk: number) => walk + 1, mustMeet = [], random } = options;
  const opinionOf = way.opinionOf ?? (() => 'accept');
  const shop = await Shop.open(scene, { random, opinionOf, overRecorder: true, plants: way.plants ?? [] });
  const met: { readonly call: number; readonly reached: Reached | null }[] = [];
  await shop.publish(2);
  await shop.until(() => shop.idle, 'rest before the first walk');
  for (let walk = 0; ; walk += 1) {
    const call = calls(walk);
    if (call > MOST_CALLS) throw new Error(`"${way.name}" meets trouble for ever`);
    const outcome = await walked(shop, way, trouble, call);
    if (outcome === 'no trouble') break;
    met.push({ call, reached: outcome });
  }
  for (let again = 0; again < MOST_AGAIN; again += 1) {
    const between = missed(met, mustMeet);
    if (between === null) break;
    const call = between.from + (again % (between.to - between.from + 1));
    const outcome = await walked(shop, way, trouble, call);
    if (outcome !== 'no trouble') met.push({ call, reached: outcome });
  }
  await shop.settleDown();
  way.tidy?.(shop);
  const ends = new Map<Reached, number>();
  for (const { reached } of met) if (reached !== null) ends.set(reached, (ends.get(reached) ?? 0) + 1);
  return { ends, met: met.length, shop };
}

/** The calls around the first of `wanted` that no walk has ended at; null when each was met. */
function missed(
  met: readonly { readonly call: number; readonly reached: Reached | null }[],
  wanted: readonly Reached[],
): { readonly from: number; readonly to: number } | null {
  const found = new Set(met.map(({ reached }) => reached));
  const at = wanted.findIndex((step) => !found.has(step));
  if (at < 0) return null;
  const callsOf = (steps: readonly Reached[]) =>
    met.flatMap(({ call, reached }) => (reached !== null && steps.includes(reached) ? [call] : []));
  const from = Math.max(1, ...callsOf(wanted.slice(0, at).slice(-1)));
  const after = callsOf(wanted.slice(at + 1, at + 2));
  return { from, to: Math.max(from, after.length === 0 ? from + 2 : Math.min(...after)) };
}

/** One walk with trouble at its call number `call`: how far it had come when the process ended, null when it outlived it. */
async function walked(shop: Shop, way: Way, trouble: Trouble, call: number): Promise<Reached | null | 'no trouble'> {
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
  if (!met) return 'no trouble';
  if (!trouble.ends) return null;
  await shop.gateway.ended();
  const reached = reachedBy(shop, newest);
  await shop.restart('SIGKILL');
  await shop.until(() => shop.done, `rest after the restart for call ${call}`);
  return reached;
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
