/** A backup that is not as it was written is never taken for one, wherever it was changed. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BackupFile } from '../../src/backup/container.ts';
import { FILE_KEY, type Unlock } from '../../src/backup/header.ts';
import type { Manifest } from '../../src/backup/manifest.ts';
import { readBackup } from '../../src/backup/reading.ts';
import { wrapForKey, wrapForPassphrase } from '../../src/backup/recipients.ts';
import { CHUNK_BYTES } from '../../src/backup/sealing.ts';
import { CounterfoilError } from '../../src/base/errors.ts';
import { seededRandom } from '../harness/crash/random.ts';
import { Scene } from '../harness/scene.ts';

const { publicKey, privateKey } = generateKeyPairSync('x25519');
const unlock: Unlock = { key: privateKey };
const LEAF = Buffer.alloc(32).toString('base64');
const trail = { size: 0, leaf: LEAF, stored: 0, stored_leaf: LEAF, checkpoint: null, cosigned_size: 0 };

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const CONTENT = { 'buffer.db': randomBytes(2 * CHUNK_BYTES), 'config/gateway.yaml': Buffer.from('gateway: {}\n') };

function make(contents: Readonly<Record<string, Buffer>> = CONTENT, told?: Partial<Manifest>): string {
  const path = join(scene.folder(), 'b.cfb');
  const backup = new BackupFile(path, (fileKey) => [wrapForKey(fileKey, publicKey, FILE_KEY)]);
  for (const [name, bytes] of Object.entries(contents)) backup.add(name, { bytes: bytes.length, pieces: [bytes] });
  const manifest: Manifest = {
    manifest: 1,
    version: '0',
    created_at_utc: '2026-11-25T00:00:00.000Z',
    store: '0042',
    box_key: 'absent',
    with_keys: false,
    buffer: {
      format: 3,
      buffer_id: 'b',
      gateway_id: 'gw',
      epoch: '00000000',
      states: {},
      records: 0,
      schedule_two: 0,
      last_sequence: 0,
      trails: { audit: trail, schedule_two: trail },
      tables: {},
    },
    files: [...backup.files],
    ...told,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  backup.add('manifest.json', { bytes: bytes.length, pieces: [bytes] });
  backup.finish();
  return path;
}

function read(path: string, by: Unlock = unlock): { manifest: Manifest; found: Record<string, Buffer> } {
  const found: Record<string, Buffer[]> = {};
  const manifest = readBackup({
    path,
    unlock: by,
    sinkFor: (name) => {
      const pieces: Buffer[] = [];
      found[name] = pieces;
      return { take: (piece) => pieces.push(Buffer.from(piece)), done() {} };
    },
  });
  const whole = Object.entries(found).map(([name, pieces]) => [name, Buffer.concat(pieces)] as const);
  return { manifest, found: Object.fromEntries(whole) };
}

/** The code of what reading these bytes throws; null when they are read. */
function faultOf(path: string, bytes: Uint8Array): string | null {
  writeFileSync(path, bytes);
  try {
    read(path);
    return null;
  } catch (error) {
    return error instanceof CounterfoilError ? error.code : String(error);
  }
}

test('every entry comes back as it was', () => {
  const { manifest, found } = read(make());
  expect(found).toEqual(CONTENT);
  expect(manifest.files.map(({ name, bytes }) => [name, bytes])).toEqual([
    ['buffer.db', 2 * CHUNK_BYTES],
    ['config/gateway.yaml', 12],
  ]);
});

test('a flipped bit is found in every region: each byte of the header, ends of each chunk, tags, and places by chance', () => {
  const path = make();
  const whole = readFileSync(path);
  const length = 'counterfoil-backup/1\n'.length;
  const headerEnd = length + 4 + whole.readUInt32BE(length) + 32;
  const places = new Set(Array.from({ length: headerEnd }, (_, at) => at));
  for (let chunk = headerEnd; chunk < whole.length; chunk += CHUNK_BYTES + 16) {
    const end = Math.min(whole.length, chunk + CHUNK_BYTES + 16);
    for (const at of [chunk, chunk + 1, (chunk + end) >> 1, end - 17, end - 16, end - 1]) places.add(at);
  }
  const random = seededRandom(5);
  for (let n = 0; n < 100; n += 1) places.add(Math.floor(random() * whole.length));
  for (const at of places) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    expect([at, faultOf(path, changed)]).toEqual([at, 'backup_damaged']);
  }
});

test('cut off at every fiftieth, or with something behind it, it is found', () => {
  const path = make();
  const whole = readFileSync(path);
  for (let n = 0; n < 50; n += 1) {
    const end = Math.floor((whole.length * n) / 50);
    expect([end, faultOf(path, whole.subarray(0, end))]).toEqual([end, 'backup_damaged']);
  }
  expect(faultOf(path, whole.subarray(0, whole.length - 1))).toBe('backup_damaged');
  expect(faultOf(path, Buffer.concat([whole, Buffer.alloc(1)]))).toBe('backup_damaged');
  expect(faultOf(path, whole)).toBeNull();
});

test('another key, or a passphrase where there is none, is told from damage', () => {
  const path = make();
  const other = generateKeyPairSync('x25519').privateKey;
  expect(() => read(path, { key: other })).toThrow('this key does not open the backup');
  expect(() => read(path, { passphrase: 'x' })).toThrow('this passphrase does not open the backup');
});

test('the recipients of one backup before the stream of another open nothing', () => {
  const path = join(scene.folder(), 'p.cfb');
  const backup = new BackupFile(path, (fileKey) => [wrapForPassphrase(fileKey, 'x', FILE_KEY)]);
  backup.finish();
  const [one, two] = [readFileSync(make()), readFileSync(path)];
  const at = 'counterfoil-backup/1\n'.length;
  const headerOf = (bytes: Buffer) => at + 4 + bytes.readUInt32BE(at) + 32;
  const mixed = Buffer.concat([one.subarray(0, headerOf(one)), two.subarray(headerOf(two))]);
  expect(faultOf(path, mixed)).toBe('backup_damaged');
});

test('a manifest that names other entries than there are is refused', () => {
  expect(() => read(make(CONTENT, { files: [] }))).toThrow('names other entries than it holds');
});

test.each(['../x', 'config/../../x', '/etc/passwd', 'trail/audit/x', 'config', 'config/.x'])(
  'the name %s is never written',
  (name) => {
    expect(() => read(make({ [name]: Buffer.from('x') }))).toThrow('of a kind this program does not know');
  },
);
