import { chmodSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../../src/base/config/load.ts';
import { placeFindings, SYSTEM_PLACES } from '../../../src/main/doctor/places.ts';

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'counterfoil-places-')));
});
afterEach(() => rmSync(folder, { recursive: true }));

function look(mounts: () => string = SYSTEM_PLACES.mounts) {
  const overrides = { 'gateway.store': '1', data_dir: join(folder, 'data') };
  return placeFindings(loadConfig({ env: {}, overrides }), { mounts });
}
const finding = (check: string, mounts?: () => string) => look(mounts).find((one) => one.check === check);

test('a place that is not there yet can be made; what was tried is gone afterwards', () => {
  expect(finding('data_dir')).toMatchObject({ status: 'ok', seen: expect.stringContaining('will be made') });
  expect(finding('commits')).toMatchObject({ status: 'ok', seen: expect.stringMatching(/a commit takes [\d.]+ ms/) });
  expect(readdirSync(folder)).toEqual([]);
});

test('a data directory open to others', () => {
  mkdirSync(join(folder, 'data'));
  chmodSync(join(folder, 'data'), 0o755);
  expect(finding('data_dir')).toMatchObject({ status: 'fail', advice: expect.stringContaining('chmod 700') });
});

test.each([
  ['nfs4', 'rw', 'fail'],
  ['fuse.sshfs', 'rw', 'fail'],
  ['tmpfs', 'rw', 'fail'],
  ['vfat', 'rw', 'fail'],
  ['ext4', 'ro', 'fail'],
  ['ext4', 'rw', 'ok'],
])('%s mounted %s: %s', (fileSystem, option, status) => {
  const mounts = () => `36 35 98:0 / ${folder} ${option},noatime - ${fileSystem} /dev/x ${option}`;
  expect(finding('data_dir disk', mounts)?.status).toBe(status);
});
