import { describe, expect, test } from 'vitest';
import { SampleStream } from '../../../src/demo/pms/check/sample.ts';
import { PMS_PATHS } from '../../../src/record/wire.ts';
import { openPms, rows } from './office.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 9);
const stream = new SampleStream('gw-test', NOW_MS);

async function openMinimal(echo: boolean, faults: string[] = []) {
  const opened = await openPms({ minimal: { echo }, faults });
  const single = (payload: object, key: string) =>
    opened.client.send('POST', PMS_PATHS.sync, Buffer.from(JSON.stringify(payload)), { 'x-idempotency-key': key });
  return { ...opened, single };
}

describe('a PMS that knows single records only', () => {
  test('keeps a record and answers a bare 200', async () => {
    const { single, client, dbFile } = await openMinimal(false);
    const { payload, idempotency_key, payload_hash } = stream.record(1, 'II');
    const reply = await single(payload, idempotency_key);
    expect([reply.status, reply.text, reply.headers['content-type']]).toEqual([200, '', undefined]);
    expect((await client.ping()).json.status).toBe('ok');
    const kept = rows<Record<string, unknown>>(dbFile, 'SELECT * FROM records');
    expect(kept).toEqual([
      expect.objectContaining({ gateway_id: 'single', stream: 'schedule_two', stream_sequence: 1, schedule: 'II' }),
    ]);
    expect(kept[0]).toMatchObject({ idempotency_key, payload_hash, deliveries: 1 });
  });

  test('with echo names key and hash, and knows the same record again', async () => {
    const { single, dbFile } = await openMinimal(true);
    const { payload, idempotency_key, payload_hash } = stream.record(1, 'V');
    const named = { idempotency_key, payload_hash };
    expect((await single(payload, idempotency_key)).json).toEqual({ ...named, status: 'accepted' });
    expect((await single(payload, idempotency_key)).json).toEqual({ ...named, status: 'duplicate' });
    expect(rows(dbFile, 'SELECT deliveries FROM records')).toEqual([{ deliveries: 2 }]);
  });

  test('refuses another record under a known key, a body that is no record, and look-ups', async () => {
    const { single, client, dbFile } = await openMinimal(true);
    const { payload, idempotency_key: key } = stream.record(1, 'V');
    await single(payload, key);
    expect((await single({ ...payload, quantity: 9 }, key)).status).toBe(409);
    expect((await single(payload, 'another-key')).status).toBe(400);
    expect((await single(stream.batch([stream.record(2, 'V')]), key)).status).toBe(400);
    expect((await client.lookup({ keys: [key] })).status).toBe(404);
    expect(rows(dbFile, 'SELECT payload FROM records')).toHaveLength(1);
  });

  test('has the faults of whole answers', async () => {
    const { single, dbFile } = await openMinimal(true, ['drop_answer']);
    const { payload, idempotency_key } = stream.record(1, 'V');
    await expect(single(payload, idempotency_key)).rejects.toThrow();
    expect(rows(dbFile, 'SELECT * FROM records')).toHaveLength(1);
  });
});
