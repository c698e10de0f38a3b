import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { SampleStream } from '../../../src/demo/pms/check/sample.ts';
import { SampleLog, type ShownCheckpoint } from '../../../src/demo/pms/check/sample-log.ts';
import { verifyCosignature } from '../../../src/tlog/cosignature.ts';
import { parseNote } from '../../../src/tlog/note.ts';
import { parseVerifierKey } from '../../../src/tlog/verifier-key.ts';
import { openPms, rows, statusesOf, temporaryFolder } from './office.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 9);
const clock = { utcMs: () => NOW_MS, monotonicMs: () => 0 };

/** A PMS and a stream whose next record goes with what is shown. */
async function scene(dbFile = `${temporaryFolder()}/pms.db`) {
  const opened = await openPms({ dbFile, clock });
  const stream = new SampleStream('gw-test', NOW_MS);
  let number = 0;
  const send = async (shown: object) => {
    number += 1;
    const reply = await opened.client.sync({ ...stream.batch([stream.record(number, 'NONE')]), ...shown });
    expect(statusesOf(reply)).toEqual(['accepted']);
    return reply.json;
  };
  return { ...opened, stream, send, log: new SampleLog(stream, 20) };
}

function isTrue(word: Record<string, unknown>, { checkpoint }: ShownCheckpoint) {
  const key = parseVerifierKey(String(word.witness_key));
  const note = parseNote(checkpoint);
  if (!key.ok || !note.ok) throw new Error('no key or no note');
  return verifyCosignature(String(word.cosignature).trimEnd(), note.note.text, key.key);
}

describe('a checkpoint', () => {
  test('is cosigned with the time, and so is each that continues it', async () => {
    const { send, log } = await scene();
    for (const [size, oldSize] of [
      [3, 0],
      [3, 3],
      [11, 3],
      [20, 11],
    ] as const) {
      const shown = log.show(size, oldSize);
      expect(isTrue(await send(shown), shown)).toEqual({ ok: true, timeSeconds: NOW_MS / 1000 });
    }
  });

  test.each<[string, (logs: { log: SampleLog; other: SampleLog }) => object, string]>([
    ['a proof from another size', ({ log }) => log.show(9, 2), 'stale'],
    ['a smaller tree', ({ log }) => log.show(4, 4), 'stale'],
    ['another history', ({ log, other }) => other.show(9, 7, log), 'inconsistent'],
    ['another tree of the same size', ({ log, other }) => other.show(7, 7, log), 'inconsistent'],
    ['another key', ({ log, other }) => log.show(9, 7, other), 'unknown_key'],
    ['a note that is none', ({ log }) => ({ ...log.show(9, 7), checkpoint: 'gw-test\n9\n' }), 'bad_checkpoint'],
    ['no note at all', ({ log }) => ({ ...log.show(9, 7), checkpoint: null }), 'bad_checkpoint'],
    ['an endless note', ({ log }) => ({ ...log.show(9, 7), checkpoint: 'x'.repeat(9000) }), 'bad_checkpoint'],
    ['an old size above the new', ({ log }) => ({ ...log.show(9, 7), ...withOld(log, 12) }), 'bad_checkpoint'],
    ['no offer', ({ log }) => ({ ...log.show(9, 7), witness: 'please' }), 'bad_checkpoint'],
    ['the key of another origin', ({ log }) => strangeOrigin(log), 'bad_checkpoint'],
  ])('%s is not cosigned; the record beside it is taken', async (_what, shown, code) => {
    const { send, log, stream } = await scene();
    const seven = log.show(7, 0);
    await send(seven);
    const other = new SampleLog(stream, 20, ' of another history');
    const word = await send(shown({ log, other }));
    expect(word.cosignature).toBeUndefined();
    expect(word.witness_error).toEqual({ code, size: 7, checkpoint: seven.checkpoint });
    const next = log.show(9, 7);
    expect(isTrue(await send(next), next).ok).toBe(true);
  });

  test('sent again with its batch gets the same answer, and nothing is forgotten in between', async () => {
    const { client, stream, log } = await scene();
    const batch = { ...stream.batch([stream.record(1, 'NONE')]), ...log.show(5, 0) };
    const first = await client.sync(batch);
    expect((await client.sync(batch)).json).toEqual(first.json);
  });

  test('of Schedule II and of another epoch is another origin, by the same key', async () => {
    const { client, send, log, stream } = await scene();
    await send(log.show(5, 0));
    const two = { ...stream.batch([stream.record(1, 'II')], 'II'), ...log.show(5, 0) };
    expect((await client.sync(two)).json.witness_error).toMatchObject({ code: 'bad_checkpoint', size: 0 });
    const next = new SampleStream('gw-test', NOW_MS);
    const stranger = new SampleLog(next, 20);
    const word = await client.sync({ ...next.batch([next.record(1, 'NONE')]), ...stranger.show(5, 0) });
    expect(word.json.witness_error).toMatchObject({ code: 'unknown_key', size: 0, checkpoint: null });
  });
});

test('what was cosigned survives a restart, with the key; emptied books know neither size nor pin', async () => {
  const { pms, dbFile, send, log } = await scene();
  const { witness_key: key } = await send(log.show(5, 0));
  await pms.stop();
  const again = await openPms({ dbFile, clock });
  const stream = new SampleStream('gw-test', NOW_MS, log.show(5, 0).checkpoint.split('/')[1] ?? '');
  const stale = await again.client.sync({ ...stream.batch([stream.record(2, 'NONE')]), ...log.show(9, 0) });
  expect(stale.json.witness_error).toMatchObject({ code: 'stale', size: 5 });
  again.pms.faults.set('emptied');
  const other = new SampleLog(stream, 20, ' of another history');
  const batch = { ...stream.batch([stream.record(1, 'NONE')]), ...other.show(2, 0) };
  expect((await again.client.sync(batch)).json.witness_key).toBe(key);
  expect(rows(dbFile, 'SELECT size FROM cosigned')).toEqual([{ size: 2 }]);
});

test('a file of the first version gets what a witness needs, with what it holds', async () => {
  const { pms, dbFile, client, stream } = await scene();
  const batch = stream.batch([stream.record(1, 'NONE')]);
  await client.sync(batch);
  await pms.stop();
  const old = new Database(dbFile);
  old.exec('DROP TABLE cosigned; DROP TABLE log_keys; DROP TABLE cosigner; PRAGMA user_version = 1');
  old.exec("UPDATE batches SET answer = json_extract(answer, '$.results')");
  old.close();
  const again = await openPms({ dbFile, clock });
  expect(statusesOf(await again.client.sync(batch))).toEqual(['accepted']);
  expect(rows(dbFile, 'SELECT count(*) AS count FROM cosigner')).toEqual([{ count: 1 }]);
});

function withOld(log: SampleLog, oldSize: number): object {
  const { witness } = log.show(9, 7);
  return { witness: { ...witness, old_size: oldSize } };
}

function strangeOrigin(log: SampleLog): object {
  const strange = new SampleLog({ gatewayId: 'gw-other', epoch: '00000000' }, 20);
  return { ...strange.show(9, 7), checkpoint: log.show(9, 7).checkpoint };
}
