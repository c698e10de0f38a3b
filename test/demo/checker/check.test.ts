/** The checker on real files: content with what the programs wrote, and never with what was done to it by hand. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { intoSegments } from '../../harness/segment-writer.ts';
import { putRecord, SmallStore } from './small-store.ts';

const ROOM = resolve(import.meta.dirname, '../../../src/demo/checker');
/** What an attacker would drop first. */
const UNGUARDED = [
  'DROP TRIGGER record_is_never_edited',
  'DROP TRIGGER record_steps',
  'DROP TRIGGER record_leaves_settled',
  'DROP TRIGGER record_leaves_archived',
  'DROP TRIGGER trail_entry_is_final',
  'DROP TRIGGER trail_entry_leaves_stored',
];

describe('whole files', () => {
  test('are found whole, with the right figures', async () => {
    const store = await SmallStore.open();
    const verdict = store.check();
    expect(verdict.problems).toEqual([]);
    expect(verdict).toMatchObject({ content: true, altered: [] });
    expect(verdict.counts).toEqual({
      in: 7,
      acknowledged: 7,
      durable: 6,
      atPms: 4,
      pending: 2,
      rejected: 0,
      setAside: 0,
      quarantined: 0,
      refused: 1,
      conflicts: 0,
      lost: 0,
      twice: 0,
    });
  });

  test('are read while till and gateway have them open', async () => {
    const store = await SmallStore.open();
    const outbox = store.openTill();
    const buffer = await store.openBuffer();
    putRecord(outbox, 'IV');
    expect(store.check()).toMatchObject({ content: true, counts: { in: 8, acknowledged: 7 } });
    await buffer.close();
  });

  test('are not enough when everything should have arrived', async () => {
    const store = await SmallStore.open();
    putRecord(store.openTill(), 'IV');
    expect(store.check({ complete: true })).toMatchObject({
      content: false,
      problems: ['1 records are still at the tills', '2 records are not settled'],
    });
  });
});

describe('what is found', () => {
  test('a missing record: lost, and a gap in the sequence', async () => {
    const store = await SmallStore.open();
    store.inBuffer(...UNGUARDED, 'DELETE FROM record WHERE record_id = 3');
    const verdict = store.check();
    expect(verdict).toMatchObject({ content: false, counts: { durable: 5, lost: 1 } });
    expect(verdict.problems).toEqual([
      '1 acknowledged records of lane-1 are lost',
      'the PMS holds record 3, the buffer does not',
      expect.stringMatching(/^trail audit: entry \d+ is missing$/),
      'sequence 3 is missing',
      'number of stream standard 2 is missing',
    ]);
  });

  test('the newest record missing: nothing but the till remembers it', async () => {
    const store = await SmallStore.open();
    store.inBuffer(...UNGUARDED, 'DELETE FROM record WHERE record_id = 6');
    const verdict = store.check();
    expect(verdict.counts.lost).toBe(1);
    expect(verdict.problems[0]).toBe('1 acknowledged records of lane-1 are lost');
  });

  test('a refused publish that is no longer there as evidence', async () => {
    const store = await SmallStore.open();
    store.inBuffer('DROP TRIGGER evidence_stays', 'DELETE FROM evidence');
    expect(store.check()).toMatchObject({ content: false, counts: { lost: 1, refused: 0 } });
  });

  test('a synced record that is not at the PMS', async () => {
    const store = await SmallStore.open();
    store.atPms('DELETE FROM places WHERE sequence = 2', 'DELETE FROM records WHERE sequence = 2');
    expect(store.check()).toMatchObject({
      content: false,
      counts: { lost: 1, atPms: 3 },
      problems: ['record 2 is SYNCED and not at the PMS'],
    });
  });

  test('a record twice at the PMS', async () => {
    const store = await SmallStore.open();
    const columns = `epoch, stream, stream_sequence, sequence, sequence_id, idempotency_key, lane, lane_hash, payload_hash,
      schedule, flags, received_at_utc, payload, status, first_delivered_at_utc, last_delivered_at_utc`;
    store.atPms(
      `INSERT INTO records (gateway_id, ${columns}) SELECT 'gw-other', ${columns} FROM records WHERE sequence = 1`,
    );
    expect(store.check()).toMatchObject({
      content: false,
      counts: { twice: 1 },
      problems: ['record 1 is at the PMS for the second time'],
    });
  });

  test('a record altered at the PMS', async () => {
    const store = await SmallStore.open();
    store.atPms(`UPDATE records SET payload = replace(payload, '30', '31') WHERE sequence = 1`);
    expect(store.check()).toMatchObject({ content: false, problems: ['record 1 is altered at the PMS'] });
  });

  test('another hash at the PMS', async () => {
    const store = await SmallStore.open();
    store.atPms(
      `UPDATE records SET payload = (SELECT payload FROM records WHERE sequence = 3),
         payload_hash = (SELECT payload_hash FROM records WHERE sequence = 3) WHERE sequence = 1`,
    );
    expect(store.check()).toMatchObject({ content: false, problems: ['record 1 has another hash at the PMS'] });
  });

  test('a row whose hash was altered: the record and the trail say so', async () => {
    const store = await SmallStore.open();
    store.inBuffer(...UNGUARDED, `UPDATE record SET payload_hash = zeroblob(32) WHERE record_id = 5`);
    const verdict = store.check();
    expect(verdict).toMatchObject({ content: false, altered: [5] });
    expect(verdict.problems).toEqual([
      expect.stringMatching(/^trail audit: entry \d+ \(record 5\) is not what its hash was taken of$/),
      'record 5 is altered: its bytes do not match their hash',
    ]);
  });

  test('a pack whose bytes were altered', async () => {
    const store = await SmallStore.open();
    store.inBuffer(...UNGUARDED, `UPDATE record SET sealed = zeroblob(length(sealed)) WHERE record_id = 5`);
    expect(store.check()).toMatchObject({ altered: [5], problems: ['record 5 is altered: its pack does not open'] });
  });

  test('a trail entry that was altered, and one that is gone', async () => {
    const store = await SmallStore.open();
    store.inBuffer(
      ...UNGUARDED,
      `UPDATE trail_entry SET entry = replace(entry, 'SYNCED', 'synced') WHERE log = 1 AND i = 1`,
    );
    expect(store.check().problems).toEqual([
      'trail schedule_two: entry 1 (an event) is not what its hash was taken of',
    ]);
    store.inBuffer('DELETE FROM trail_entry WHERE log = 1 AND i = 1');
    expect(store.check().problems).toEqual(['trail schedule_two: entry 1 is missing']);
  });

  test('a trail whose entries have left for the segments: whole, altered there, or gone from there', async () => {
    const store = await SmallStore.open();
    intoSegments(store.files.dataDir);
    expect(store.check()).toMatchObject({ content: true, problems: [] });
    const segment = join(store.files.dataDir, 'trail/audit/s00000000.log');
    writeFileSync(segment, readFileSync(segment, 'utf8').replace('lane-1', 'lane-2'));
    expect(store.check().problems).toEqual(['trail audit: segment 0, line 2 is not what its hash was taken of']);
    rmSync(segment);
    rmSync(segment.replace('0.log', '1.log'));
    expect(store.check().problems).toEqual([
      expect.stringMatching(/^trail audit: the segments hold 0 entries, \d have left the buffer$/),
    ]);
  });

  test('a row whose entry is another in the segments', async () => {
    const store = await SmallStore.open();
    intoSegments(store.files.dataDir);
    store.inBuffer(...UNGUARDED, 'UPDATE record SET leaf = zeroblob(32) WHERE record_id = 1');
    expect(store.check().problems).toEqual(['trail audit: entry 0 (record 1) is another in the segments']);
  });

  test('a quarantined record that is whole', async () => {
    const store = await SmallStore.open();
    store.inBuffer('UPDATE record SET state = 5 WHERE record_id = 6');
    expect(store.check().problems).toEqual(['record 6 is QUARANTINED and whole']);
  });
});

test('files that cannot be read are an error, not a verdict', async () => {
  const store = await SmallStore.open();
  store.inBuffer('DROP VIEW offline_transaction_buffer', 'DROP TABLE delivery', 'ALTER TABLE record RENAME TO gone');
  expect(() => store.check()).toThrowError(expect.objectContaining({ code: 'storage_io' }));
});

test('shares no code with what it checks', () => {
  const foreign = readdirSync(ROOM).flatMap((name) => {
    const imports = [...readFileSync(join(ROOM, name), 'utf8').matchAll(/from '([^']+)'/g)].map(
      ([, from]) => from ?? '',
    );
    return imports.filter((from) => !/^(\.\/|node:|better-sqlite3$|\.\.\/\.\.\/base\/errors\.ts$)/.test(from));
  });
  expect(foreign).toEqual([]);
});
