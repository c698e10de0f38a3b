/** A lockfile that `npm ci` would refuse is found here, before a bare machine finds it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { completed, type Lock, missingEntries } from '../../.ci/lock.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const read = () => JSON.parse(readFileSync(resolve(ROOT, 'package-lock.json'), 'utf8')) as Lock;

test('package-lock.json is complete (if not: node .ci/lock.ts --write)', () => {
  expect(missingEntries(read()).map(([path]) => path)).toEqual([]);
});

test('everything of our platforms is pinned by its hash', () => {
  const ours = Object.entries(read().packages).filter(([path, { os, libc }]) => {
    const linux = os === undefined || os.includes('linux');
    return path !== '' && linux && (libc === undefined || libc.includes('glibc'));
  });
  const unpinned = ours.filter(([, entry]) => !('integrity' in entry));
  const elsewhere = /-(ppc64|riscv64|s390x|arm)-/;
  expect(unpinned.map(([path]) => path).filter((path) => !elsewhere.test(path))).toEqual([]);
});

const SOME: Lock = {
  packages: {
    '': { version: '1.0.0' },
    'node_modules/tool': {
      version: '2.0.0',
      dev: true,
      optionalDependencies: { '@tool/cli-linux-x64': '2.0.0', '@tool/cli-linux-arm64-musl': '2.0.0' },
    },
    'node_modules/@tool/cli-linux-x64': { version: '2.0.0', os: ['linux'] },
  },
};

test('a missing platform package is found and described', () => {
  expect(missingEntries(SOME)).toEqual([
    [
      'node_modules/@tool/cli-linux-arm64-musl',
      { version: '2.0.0', cpu: ['arm64'], dev: true, libc: ['musl'], optional: true, os: ['linux'] },
    ],
  ]);
});

test('completing adds it where npm would have put it, and nothing is missing then', () => {
  const lock = completed(SOME, missingEntries(SOME));
  expect(Object.keys(lock.packages)).toEqual([
    '',
    'node_modules/@tool/cli-linux-arm64-musl',
    'node_modules/@tool/cli-linux-x64',
    'node_modules/tool',
  ]);
  expect(missingEntries(lock)).toEqual([]);
});

test('a package without a platform in its name is left to a person', () => {
  const lock: Lock = { packages: { 'node_modules/tool': { optionalDependencies: { 'native-bits': '1.0.0' } } } };
  expect(() => missingEntries(lock)).toThrow('native-bits');
});
