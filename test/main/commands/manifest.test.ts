import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { CounterfoilError } from '../../../src/base/errors.ts';
import { bufferPaths } from '../../../src/buffer/files.ts';
import { manifestCommand } from '../../../src/main/commands/manifest.ts';
import { manifestParts, manifestStatement } from '../../../src/record/manifest.ts';
import { inFolder, item, openWriter } from '../../buffer/fixture.ts';

async function run(args: readonly string[]) {
  const result = { output: '', code: 0 };
  const io = {
    env: {},
    write: (text: string) => {
      result.output += text;
    },
    exitWith: (code: number) => {
      result.code = code;
    },
  };
  await manifestCommand(io).parseAsync(args, { from: 'user' });
  return result;
}

/** A buffer with one manifest of one record. */
function withManifest(dir: string): void {
  const { writer, db } = openWriter(dir);
  writer.intake([item({ key: 'two-1-key', schedule: 'II' })]);
  const { run: number } = writer.beginRun();
  const verification = { verifierId: 'V-1', verifiedAt: '2026-11-22T09:03:00Z' };
  writer.settle('schedule_two', [{ sequence: 1, to: 'SYNCED', pmsId: null, reason: null, verification }]);
  const at = '2026-11-22T09:03:00.000Z';
  const record = {
    sequence: 1,
    streamSequence: 1,
    payloadHash: 'aa',
    laneHash: 'bb',
    signers: [],
    outcome: 'SYNCED',
  } as const;
  const records = [{ ...record, verifierId: 'V-1', verifiedAt: at, settledAt: at }];
  const head = { gatewayId: 'gw-test', store: '0042', deaRegistration: null, epoch: '00000000', checkpoint: null };
  const statement = manifestStatement({ ...head, beganAtUtc: at, endedAtUtc: at, ended: 'drained' }, records);
  writer.closeRun(number, manifestParts(records), statement);
  db.close();
}

test('list, show and verify read a data directory', () =>
  inFolder(async (dir) => {
    withManifest(dir);
    const listed = await run(['list', '--data-dir', dir]);
    expect(listed.output).toMatch(
      /^run 1 {2}\S+Z to \S+Z {2}drained {2}1 Schedule II records, 1 without a valid signature\n$/,
    );
    const shown = JSON.parse((await run(['show', '1', '--data-dir', dir])).output);
    expect(shown).toMatchObject({ statement: { run: 1, records: 1 }, parts: [{ part: 1 }] });
    expect(await run(['verify', '--data-dir', dir])).toEqual({ output: 'run 1  holds\n', code: 0 });
  }));

test('verify finds an altered trail entry, and a key that is not the one trusted', () =>
  inFolder(async (dir) => {
    withManifest(dir);
    const pem = generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' });
    const file = join(dir, 'other.pem');
    writeFileSync(file, pem);
    const other = await run(['verify', '--data-dir', dir, '--public-key', file]);
    expect(other).toEqual({ output: 'run 1  DOES NOT HOLD: its signature does not match the statement\n', code: 1 });
    const db = new Database(bufferPaths(dir).db);
    const spki = db.prepare<[], { public_key: Buffer }>('SELECT public_key FROM gateway_key').get()?.public_key;
    const own = createPublicKey({ key: spki ?? Buffer.alloc(0), format: 'der', type: 'spki' });
    writeFileSync(file, own.export({ format: 'pem', type: 'spki' }));
    expect((await run(['verify', '--data-dir', dir, '--public-key', file])).code).toBe(0);
    db.exec('DROP TRIGGER trail_entry_is_final');
    db.exec(
      `UPDATE trail_entry SET entry = replace(entry, '"SYNCED"', '"REJECTED"') WHERE entry LIKE '%manifest_part%'`,
    );
    db.close();
    const { output, code } = await run(['verify', '--data-dir', dir]);
    expect([output, code]).toEqual(['run 1  DOES NOT HOLD: part 1 is not what was signed\n', 1]);
  }));

test('a directory without a buffer and a run that never was are told', () =>
  inFolder(async (dir) => {
    await expect(run(['list', '--data-dir', dir])).rejects.toThrow('there is no buffer.db');
    withManifest(dir);
    await expect(run(['show', '7', '--data-dir', dir])).rejects.toThrow(CounterfoilError);
    await expect(run(['list'])).rejects.toThrow('which gateway?');
  }));
