/** The buffer file as others meet it: the published query on a running gateway, and files a gateway must not touch. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Gateway } from '../harness/gateway.ts';
import { publish as publishPacket } from '../harness/mqtt-wire.ts';
import { Program } from '../harness/program.ts';
import { missing } from '../harness/programs.ts';
import { RawLane } from '../harness/raw-lane.ts';
import { aRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';

/** Word for word the published diagnostic query. */
const DIAGNOSTIC_QUERY = `
SELECT queue_depth, MAX(created_at) AS oldest_pending, COUNT(CASE WHEN schedule = 'II' THEN 1 END) AS c2_pending,
 SUM(CASE WHEN sync_status = 'PENDING' THEN 1 ELSE 0 END) AS total_pending
FROM offline_transaction_buffer WHERE sync_status = 'PENDING' GROUP BY queue_depth;
`;

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const fingerprint = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

/** A gateway that has taken `count` records, `two` of them Schedule II. */
async function filled(count: number, two: number): Promise<Gateway> {
  const gateway = await Gateway.start(scene);
  const lane = await RawLane.ready(scene, gateway, 'till');
  for (let id = 1; id <= count; id++) {
    const payload = wire(aRecord({ schedule: id <= two ? 'II' : 'NONE' }));
    lane.send(publishPacket({ topic: 'pos/0042/till/records', payload, id }));
  }
  for (let id = 1; id <= count; id++) expect(await lane.acknowledged(id)).toBe(true);
  return gateway;
}

describe.skipIf(missing('sqlite3'))('the published diagnostic query', () => {
  test('runs unchanged with the sqlite3 shell while the gateway runs', async () => {
    const gateway = await filled(7, 2);
    const shell = Program.start('sqlite3', ['-readonly', '-json', gateway.bufferFile, DIAGNOSTIC_QUERY]);
    expect(await shell.ended()).toMatchObject({ code: 0 });
    expect(shell.errorLines).toEqual([]);
    const rows: unknown = JSON.parse(shell.lines.join('\n'));
    expect(rows).toEqual([
      {
        queue_depth: 7,
        oldest_pending: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/),
        c2_pending: 2,
        total_pending: 7,
      },
    ]);
  });
});

describe('a buffer file the gateway cannot take', () => {
  /** Runs a gateway on `gateway`'s folder and expects exit 78, words for an operator, and the very same file. */
  async function refuses(gateway: Gateway, says: RegExp): Promise<void> {
    const before = fingerprint(gateway.bufferFile);
    const { ending, said } = await Gateway.refusal(scene, { folder: gateway.folder });
    expect(ending).toEqual({ code: 78, signal: null });
    expect(said).toMatch(says);
    expect(said).toMatch(/hint/);
    expect(said).not.toMatch(/\n\s+at /);
    expect(said).not.toMatch(/"msg":"ready"/);
    expect(fingerprint(gateway.bufferFile)).toBe(before);
  }

  test('no database at all', async () => {
    const gateway = await filled(1, 0);
    await gateway.stop();
    writeFileSync(gateway.bufferFile, 'This was a database once.\n'.repeat(500));
    await refuses(gateway, /buffer\.db/);
  });

  test('an empty file where records were', async () => {
    const gateway = await filled(3, 1);
    await gateway.stop();
    writeFileSync(gateway.bufferFile, '');
    await refuses(gateway, /buffer\.db/);
  });

  test.each([
    ['header', 0],
    ['schema', 100],
    ['inner page', 8192],
  ])('a damaged %s', async (_, offset) => {
    const gateway = await filled(3, 1);
    await gateway.stop();
    const file = openSync(gateway.bufferFile, 'r+');
    writeSync(file, Buffer.alloc(900, 0xa5), 0, 900, offset);
    closeSync(file);
    await refuses(gateway, /damaged|buffer\.db/);
  });

  test('cut short', async () => {
    const gateway = await filled(50, 5);
    await gateway.stop();
    writeFileSync(gateway.bufferFile, readFileSync(gateway.bufferFile).subarray(0, 5000));
    await refuses(gateway, /damaged|buffer\.db/);
  });

  test('written by a newer version', async () => {
    const gateway = await filled(3, 1);
    await gateway.stop();
    const database = new Database(gateway.bufferFile);
    database.pragma('user_version = 9999');
    database.pragma('journal_mode = DELETE');
    database.close();
    await refuses(gateway, /newer/);
  });

  test('the box key is gone', async () => {
    const gateway = await filled(3, 1);
    await gateway.stop();
    const elsewhere = scene.folder();
    mkdirSync(join(elsewhere, 'data'), { mode: 0o700 });
    copyFileSync(gateway.bufferFile, join(elsewhere, 'data', 'buffer.db'));
    await refuses(new Gateway(elsewhere, {}), /key/);
  });
});

describe('the data folder', () => {
  test('a second gateway refuses it; the first goes on', async () => {
    const gateway = await filled(1, 0);
    const { ending, said } = await Gateway.refusal(scene, { folder: gateway.folder });
    expect(ending).toEqual({ code: 78, signal: null });
    expect(said).toMatch(/another gateway|in use|locked|already/);
    expect(said).toMatch(/hint/);
    const lane = await RawLane.ready(scene, gateway, 'till');
    lane.send(publishPacket({ topic: 'pos/0042/till/records', payload: wire(aRecord()) }));
    expect(await lane.acknowledged(1)).toBe(true);
  });

  test('is for its owner alone, and the buffer too', async () => {
    const gateway = await filled(1, 0);
    expect(statSync(gateway.dataDir).mode & 0o777).toBe(0o700);
    for (const name of ['buffer.db', 'buffer.db-wal', 'buffer.db-shm']) {
      const file = join(gateway.dataDir, name);
      if (existsSync(file)) expect([name, statSync(file).mode & 0o077]).toEqual([name, 0]);
    }
  });

  test('holds no record in the clear', async () => {
    const gateway = await Gateway.start(scene);
    const lane = await RawLane.ready(scene, gateway, 'till');
    const payload = wire(aRecord({ patient_ref: 'SECRET-PATIENT', prescription_id: 'SECRET-RX' }));
    lane.send(publishPacket({ topic: 'pos/0042/till/records', payload }));
    expect(await lane.acknowledged(1)).toBe(true);
    for (const name of ['buffer.db', 'buffer.db-wal']) {
      expect(readFileSync(join(gateway.dataDir, name)).includes('SECRET')).toBe(false);
    }
  });
});
