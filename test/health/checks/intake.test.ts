import { expect, test } from 'vitest';
import { intakeChecks } from '../../../src/health/checks/intake.ts';
import { bufferWith, NOW_MS, snapshotOf } from '../facts.ts';

const find = (spoilt: Parameters<typeof snapshotOf>[0], name: string) =>
  intakeChecks(snapshotOf(spoilt)).find((check) => check.name === name);
const GOOD = snapshotOf().intake;

test('age of the latest commit and how long commits take', () => {
  expect(find({}, 'buffer:lastCommit')).toMatchObject({ observedValue: 2.5, observedUnit: 's', status: 'pass' });
  expect(find({}, 'buffer:commitP50')).toMatchObject({ observedValue: 3, observedUnit: 'ms' });
  expect(find({}, 'buffer:commitP99')).toMatchObject({ observedValue: 9, status: 'pass' });
});

test('before the first commit nothing is claimed', () => {
  const fresh = bufferWith({ lastCommitAtMs: null, recentCommitMs: [] });
  expect(find(fresh, 'buffer:lastCommit')).toMatchObject({ observedValue: null, status: 'pass' });
  expect(find(fresh, 'buffer:commitP99')).toMatchObject({ observedValue: null, status: 'pass' });
});

test('a wall clock set back gives no negative age', () => {
  expect(find(bufferWith({ lastCommitAtMs: NOW_MS + 9000 }), 'buffer:lastCommit')?.observedValue).toBe(0);
});

test('slow commits are a warning', () => {
  expect(find(bufferWith({ recentCommitMs: [1, 1000] }), 'buffer:commitP99')?.status).toBe('warn');
});

test('a buffer that is not open, or a commit that failed, is a failure with a remedy', () => {
  expect(find({ buffer: () => null }, 'buffer:lastCommit')?.status).toBe('fail');
  const full = find({ commitFailure: () => ({ code: 'storage_full', atMs: NOW_MS }) }, 'buffer:lastCommit');
  expect(full).toMatchObject({ status: 'fail', output: expect.stringContaining('Make room') });
  const broken = find({ commitFailure: () => ({ code: 'storage_io', atMs: NOW_MS }) }, 'buffer:lastCommit');
  expect(broken).toMatchObject({ status: 'fail', output: expect.stringContaining('storage_io') });
});

test('a broker that does not listen is a failure; no connection or queue left is a warning', () => {
  expect(find({ intake: () => ({ ...GOOD, listening: false }) }, 'intake:listening')?.status).toBe('fail');
  expect(find({ intake: () => ({ ...GOOD, connections: 256 }) }, 'intake:connections')?.status).toBe('warn');
  expect(find({ intake: () => ({ ...GOOD, queueDepth: 4096 }) }, 'intake:queue')?.status).toBe('warn');
});
