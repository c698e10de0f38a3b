/**
 * Can the checker fail? A real buffer, then one thing changed in it behind the gateway's back: each change must be
 * noticed. A checker that accepts them all would bless anything.
 */
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkBuffer } from '../harness/checker/check.ts';
import { publishBursts } from '../harness/crash/load.ts';
import { Publisher } from '../harness/crash/publisher.ts';
import { runSeed, seededRandom } from '../harness/crash/random.ts';
import { World } from '../harness/crash/world.ts';
import { Gateway, STORE } from '../harness/gateway.ts';
import { Scene } from '../harness/scene.ts';

const RECORDS = 60;
const seed = runSeed();

/** Each statement breaks one promise; the triggers that would stop the gateway from doing it are gone first. */
const TAMPERING: readonly (readonly [string, string, RegExp])[] = [
  [
    'the last record removed',
    'DELETE FROM record WHERE record_id = (SELECT MAX(record_id) FROM record)',
    /acknowledged/,
  ],
  ['a record in the middle removed', 'DELETE FROM record WHERE record_id = 30', /sequence 30 is missing/],
  ['a lane_hash changed', 'UPDATE record SET lane_hash = zeroblob(32) WHERE record_id = 7', /nobody sent/],
  ['a payload_hash changed', 'UPDATE record SET payload_hash = zeroblob(32) WHERE record_id = 7', /payload_hash|leaf/],
  [
    'sealed bytes changed',
    'UPDATE record SET sealed = zeroblob(length(sealed)) WHERE sealed IS NOT NULL',
    /cannot be read/,
  ],
  [
    'a pack moved to another row',
    `UPDATE record SET sealed = (SELECT sealed FROM record WHERE sealed IS NOT NULL ORDER BY record_id DESC LIMIT 1)
     WHERE record_id = 1`,
    /cannot be read/,
  ],
  ['a time changed', 'UPDATE record SET received_ms = received_ms + 1 WHERE record_id = 9', /does not match its leaf/],
  ['a leaf changed', 'UPDATE record SET leaf = zeroblob(32) WHERE record_id = 1', /leaf/],
  ['a trail entry changed', `UPDATE trail_entry SET entry = replace(entry, '"m":', '"m":1')`, /leaf/],
  ['entries that are said to be stored', 'UPDATE trail_store SET stored_size = 10000', /are gone from the buffer/],
  ['a key moved', 'UPDATE record SET key = zeroblob(16) WHERE record_id = 5', /another key/],
  ['a stream number skipped', 'UPDATE record SET stream_sequence = stream_sequence + 1', /stream/],
  ['a state without its answer', 'UPDATE record SET state = 1 WHERE record_id = 3', /without the answer/],
];

describe(`the checker, CRASH_SEED=${seed}`, () => {
  const scene = new Scene();
  const world = new World();
  let dataDir: string;

  beforeAll(async () => {
    const gateway = await Gateway.start(scene);
    const { host, port } = gateway.mqtt;
    const lane = await Publisher.open({ host, port, store: STORE, lane: 'lane-1', world });
    await publishBursts([lane], RECORDS, 10, seededRandom(seed));
    await lane.close();
    await gateway.stop();
    dataDir = gateway.dataDir;
  });
  afterAll(() => scene.close());

  it('has nothing against what the gateway wrote', () => {
    expect(world.acknowledged.size).toBe(RECORDS);
    expect(checkBuffer(dataDir, world.expectation())).toEqual([]);
  });

  it.each(TAMPERING)('notices %s', (_what, statement, problem) => {
    const copy = scene.folder();
    cpSync(dataDir, copy, { recursive: true });
    const db = new Database(join(copy, 'buffer.db'));
    const triggers = db.prepare<[], { name: string }>("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all();
    for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
    expect(db.prepare(statement).run().changes).toBeGreaterThan(0);
    db.close();
    expect(checkBuffer(copy, world.expectation()).join('\n')).toMatch(problem);
  });

  it.each<[string, (segment: string) => void, RegExp]>([
    ['a byte of a segment changed', (segment) => editFile(segment, 'lane-1', 'lane-2'), /are gone from the buffer/],
    ['a segment gone', (segment) => rmSync(segment), /are gone from the buffer/],
    ['a segment cut short', (segment) => truncateSync(segment, 1000), /are gone from the buffer/],
  ])('notices %s', (_what, change, problem) => {
    const copy = scene.folder();
    cpSync(dataDir, copy, { recursive: true });
    change(join(copy, 'trail/audit/s00000000.log'));
    expect(checkBuffer(copy, world.expectation()).join('\n')).toMatch(problem);
  });

  it('notices a box.key that is not this buffer’s', () => {
    const copy = scene.folder();
    cpSync(dataDir, copy, { recursive: true });
    cpSync(join(copy, 'buffer.db'), join(copy, 'box.key'));
    expect(checkBuffer(copy, world.expectation()).join('\n')).toMatch(/cannot be read/);
  });
});

function editFile(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8');
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}
