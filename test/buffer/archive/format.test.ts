import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DAY_MS, Store } from '../../archive/store.ts';
import { readArchiveFile } from '../archive-file.ts';

let store: Store;
beforeEach(async () => {
  store = await Store.open();
});
afterEach(() => store.close());

async function archived(): Promise<{ bytes: Buffer; boxKey: Buffer }> {
  for (let n = 0; n < 5; n++) {
    const members = { ndc: `0000000000${n}`, patient_ref: `patient-${n}`, prescriber_dea: 'AB1234563' };
    await store.take({ key: `record-${n}`, members, fill: `RX-${n}` });
  }
  await store.settleAll();
  store.nowMs += 20 * DAY_MS;
  await store.take({ key: 'young-000' });
  await store.settleAll();
  await store.archive({ frameRecords: 2 });
  const folder = join(store.archiveDir, 'standard');
  const [name = ''] = readdirSync(folder);
  return { bytes: readFileSync(join(folder, name)), boxKey: readFileSync(join(store.dataDir, 'box.key')) };
}

describe('an archive file', () => {
  it('is read with the box key and the formats alone, every record as it was stored', async () => {
    const { bytes, boxKey } = await archived();
    const { header, heads, records, tail } = readArchiveFile(bytes, boxKey);
    expect(header).toMatchObject({
      v: 1,
      gateway_id: 'gw-test',
      stream: 'standard',
      month: '2026-11',
      part: 1,
      previous: null,
    });
    expect(heads.map(({ first, last, records: count }) => [first, last, count])).toEqual([
      [1, 2, 2],
      [3, 4, 2],
      [5, 5, 1],
    ]);
    expect(tail).toBe(0);
    expect(records.map(({ record_id: id, state, sequence }) => [id, state, sequence])).toEqual(
      [1, 2, 3, 4, 5].map((id) => [id, 'SYNCED', id]),
    );
    expect(records[2]).toMatchObject({
      lane: 'till',
      clock: 'synchronised',
      stream_number: 3,
      deliveries: [{ outcome: 'SYNCED', pms_id: 'pms-3', proof: true }],
      trail: { log: 'audit' },
    });
  });

  it('says nothing of a patient in clear', async () => {
    const { bytes } = await archived();
    expect(bytes.toString('latin1')).not.toMatch(/patient|record-|AB1234563|0000000000/);
  });

  it('is found out when one bit of it is changed, wherever it is', async () => {
    const { bytes, boxKey } = await archived();
    const whole = readArchiveFile(bytes, boxKey).records.length;
    const step = Math.max(1, Math.floor(bytes.length / 150));
    for (let at = 0; at < bytes.length; at += step) {
      const altered = Buffer.from(bytes);
      altered.writeUInt8(altered.readUInt8(at) ^ 1, at);
      const read = () => readArchiveFile(altered, boxKey).records.length;
      // A damaged length or magic ends the file early, and the buffer knows how many frames count.
      let count = -1;
      try {
        count = read();
      } catch {
        continue;
      }
      expect(count, `bit at ${at}`).toBeLessThan(whole);
    }
  });
});
