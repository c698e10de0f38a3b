import { expect, test } from 'vitest';
import { addressGroup, LockOut } from '../../src/people/lock-out.ts';

function lockOut(mostKeys = 100) {
  let now = 1000;
  const lock = new LockOut({
    clock: { monotonicMs: () => now },
    freeFailures: 3,
    firstWaitMs: 100,
    mostWaitMs: 1000,
    forgetMs: 60_000,
    mostKeys,
  });
  return { lock, pass: (ms: number) => (now += ms) };
}

test('a few failures are free, then each doubles the wait, up to a most', () => {
  const { lock } = lockOut();
  const waits = Array.from({ length: 8 }, () => {
    lock.count('a');
    return lock.waitMs('a');
  });
  expect(waits).toEqual([0, 0, 100, 200, 400, 800, 1000, 1000]);
  expect(lock.waitMs('b')).toBe(0);
  expect(lock.waiting).toEqual([{ key: 'a', failures: 8, waitMs: 1000 }]);
});

test('the wait passes, a success forgives, a quiet time forgets', () => {
  const { lock, pass } = lockOut();
  for (let i = 0; i < 4; i++) lock.count('a');
  pass(200);
  expect(lock.waitMs('a')).toBe(0);
  expect(lock.count('a').failures).toBe(5);
  pass(60_001);
  expect(lock.count('a').failures).toBe(1);
  lock.count('a');
  lock.count('a');
  lock.forgive('a');
  expect(lock.waitMs('a')).toBe(0);
});

test('no more keys than it may have: the one longest quiet goes', () => {
  const { lock } = lockOut(10);
  for (let i = 0; i < 5; i++) lock.count('kept');
  for (let i = 0; i < 1000; i++) {
    lock.count(`key ${i}`);
    if (i % 5 === 0) lock.count('kept');
  }
  expect(lock.waitMs('kept')).toBeGreaterThan(0);
  expect(lock.count('key 0').failures).toBe(1);
});

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0db8:0001:0002::7', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%s counts as %s', (address, group) => expect(addressGroup(address)).toBe(group));

test('a success takes back its own try and nothing else: many of them lock nobody out', () => {
  const { lock } = lockOut();
  lock.count('a');
  for (let tries = 0; tries < 50; tries += 1) {
    lock.takeBack('a', lock.count('a'));
    expect(lock.waitMs('a')).toBe(0);
  }
  expect(lock.count('a').failures).toBe(2);
});

test('a success does not end the wait that a later guess began while it was judged', () => {
  const { lock } = lockOut();
  for (let tries = 0; tries < 10; tries += 1) lock.count('a');
  const right = lock.count('a');
  lock.count('a');
  lock.takeBack('a', right);
  expect(lock.waitMs('a')).toBeGreaterThan(0);
});
