/**
 * Can the checker fail? A good run, then one thing changed in the PMS's books or behind the gateway's back: each must be
 * noticed.
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkAttempts, readTrail, type SeenRequest } from '../harness/checker/attempts.ts';
import { type BookEntry, checkBooks } from '../harness/checker/books.ts';
import { seededRandom } from '../harness/crash/random.ts';
import { Scene } from '../harness/scene.ts';
import { writeScript } from '../harness/wayward-pms/script.ts';
import { Shop } from '../harness/wayward-pms/shop.ts';

const NOTHING = { mayGiveUp: 0, damaged: 0, unwritten: 0 };
const scene = new Scene();
let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open(scene, { random: seededRandom(3) });
  for (let round = 0; round < 4; round += 1) {
    await shop.publish(4);
    await shop.until(() => shop.idle, 'a round');
  }
  await shop.settleDown();
});
afterAll(() => scene.close());

const verdict = (
  dataDir: string,
  streams: ReadonlyMap<string, readonly BookEntry[]>,
  requests: readonly SeenRequest[],
  without: string | null = null,
) =>
  [
    ...checkBooks({ streams, said: shop.pms.ledger.said }, dataDir, shop.world.expectation(), NOTHING),
    ...checkAttempts(dataDir, requests, NOTHING, trailWithout(dataDir, without)),
  ].join('\n');

test('has nothing against a good run', () => {
  expect(shop.problems()).toEqual([]);
});

/** The trail as it is read, but for one kind. */
function trailWithout(dataDir: string, kind: string | null) {
  const { audit, schedule_two } = readTrail(dataDir);
  const left = (entries: typeof audit) => entries.filter(({ k }) => k !== kind);
  return { audit: left(audit), schedule_two: left(schedule_two) };
}

describe('notices in the books', () => {
  const changed = (change: (line: BookEntry[]) => BookEntry[]) => {
    const streams = new Map<string, readonly BookEntry[]>(shop.pms.ledger.streams);
    streams.set('standard', change([...(streams.get('standard') ?? [])]));
    return verdict(shop.gateway.dataDir, streams, shop.pms.requests);
  };
  const first = (line: BookEntry[]) => line.slice(0, 1);

  test.each<[string, (line: BookEntry[]) => BookEntry[], RegExp]>([
    ['a record that never came', (line) => line.slice(0, -1), /is SYNCED and the PMS has nothing at that number/],
    ['a record that stands there twice', (line) => [...line, ...first(line)], /for the second time/],
    ['two that changed places', ([a, b, ...rest]) => [b, a, ...rest].flatMap((each) => each ?? []), /another record/],
    [
      'a marker in the place of a record',
      (line) => line.map((each) => ({ ...each, kind: 'gap' })),
      /only a gap marker/,
    ],
    ['a record nobody sent', (line) => line.map((each) => ({ ...each, laneHash: 'f'.repeat(64) })), /nobody sent/],
  ])('%s', (_what, change, problem) => {
    expect(changed(change)).toMatch(problem);
  });
});

describe('notices in the buffer', () => {
  test.each([
    ['a record put back to PENDING', 'UPDATE record SET state = 0 WHERE record_id = 3', /is still PENDING/],
    ['a record set aside without reason', 'UPDATE record SET state = 4 WHERE record_id = 3', /were set aside/],
  ])('%s', (_what, statement, problem) => {
    const copy = scene.folder();
    cpSync(shop.gateway.dataDir, copy, { recursive: true });
    const db = new Database(join(copy, 'buffer.db'));
    const triggers = db.prepare<[], { name: string }>("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all();
    for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
    expect(db.prepare(statement).run().changes).toBeGreaterThan(0);
    db.close();
    expect(verdict(copy, shop.pms.ledger.streams, shop.pms.requests)).toMatch(problem);
  });
});

describe('notices in the trail', () => {
  test.each([
    ['an attempt that is not there', 'sync_attempt', /without an attempt/],
    ['answers that are not there', 'sync_answer', /without an answer/],
    ['a settling that is not there', 'settle', /the trail says/],
  ])('%s', (_what, kind, problem) => {
    expect(verdict(shop.gateway.dataDir, shop.pms.ledger.streams, shop.pms.requests, kind)).toMatch(problem);
  });
});

test('the same seed gives the same script, another seed another', () => {
  expect(writeScript(99).acts).toEqual(writeScript(99).acts);
  expect(writeScript(99).acts).not.toEqual(writeScript(100).acts);
});
