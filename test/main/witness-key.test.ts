import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Log, silentLog } from '../../src/base/log.ts';
import { WitnessKey, type WitnessKeyBody } from '../../src/main/witness-key.ts';
import { KEY_TYPE, verifierKeyOf } from '../../src/tlog/verifier-key.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'counterfoil-witness-key-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const keyOf = (name: string, type = KEY_TYPE.cosignature as 1 | 4) =>
  verifierKeyOf(name, generateKeyPairSync('ed25519').publicKey, type).text;
const file = () => join(dataDir, 'pms-witness.vkey');

async function open(configured: string | null = null, fails = false) {
  const entries: WitnessKeyBody[] = [];
  const logged: string[] = [];
  const log: Log = { ...silentLog, error: (message) => logged.push(message) };
  const note = async (body: WitnessKeyBody) => {
    if (fails) throw new Error('the disk is full');
    entries.push(body);
  };
  return { witnessKey: await WitnessKey.open({ dataDir, configured, note, log }), entries, logged };
}

test('the first key seen is pinned with an entry, over a restart, and no other after it', async () => {
  const first = await open();
  const key = keyOf('pms.test');
  expect(first.witnessKey.pinned()).toBeNull();
  await first.witnessKey.pin(key);
  await first.witnessKey.pin(keyOf('another.test'));
  expect(first.witnessKey.pinned()).toBe(key);
  expect(first.entries).toEqual([{ how: 'first_seen', key }]);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  const next = await open();
  expect(next.witnessKey.pinned()).toBe(key);
  expect([next.entries, next.logged]).toEqual([[], []]);
});

test('a configured key takes the place of the one seen, with an entry, once', async () => {
  const [seen, configured] = [keyOf('pms.test'), keyOf('pms.test')];
  await (await open()).witnessKey.pin(seen);
  const changed = await open(configured);
  expect(changed.witnessKey.pinned()).toBe(configured);
  expect(changed.entries).toEqual([{ how: 'configured', key: configured }]);
  expect((await open(configured)).entries).toEqual([]);
  // Taken out of the configuration again, it stays pinned.
  expect((await open()).witnessKey.pinned()).toBe(configured);
});

test('a configured key that is none, or one that signs notes, stops the start', async () => {
  const key = keyOf('pms.test');
  const wrongId = key.replace(/\+[0-9a-f]{8}\+/, '+00000000+');
  for (const text of ['pms.test', wrongId, keyOf('gw-0042/0123abcd/audit', KEY_TYPE.note)]) {
    await expect(open(text)).rejects.toMatchObject({ code: 'config_invalid', exitCode: 78 });
  }
});

test('a file that holds no key is told of and counts as none', async () => {
  writeFileSync(file(), 'nonsense\n');
  const { witnessKey, logged } = await open();
  expect(witnessKey.pinned()).toBeNull();
  expect(logged).toEqual([expect.stringContaining('the next one seen is pinned')]);
});

test('a key that could not be written down is not pinned', async () => {
  const { witnessKey } = await open(null, true);
  await expect(witnessKey.pin(keyOf('pms.test'))).rejects.toThrow('the disk is full');
  expect(witnessKey.pinned()).toBeNull();
  expect(() => readFileSync(file())).toThrow('ENOENT');
});
