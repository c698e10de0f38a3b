import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { type SessionEnd, Sessions } from '../../src/people/sessions.ts';

const RITA = { user: 'rita', printedName: 'Rita', roles: ['noc'], address: '::1', breakGlass: false } as const;

function made() {
  let now = 0;
  const ends: SessionEnd[] = [];
  const sessions = new Sessions({
    clock: { utcMs: () => now, monotonicMs: () => now },
    random: randomBytes,
    idleMs: 100,
    longestMs: 1000,
    onEnd: (_, why) => ends.push(why),
  });
  return { sessions, ends, pass: (ms: number) => (now += ms) };
}

test('idle log-off, and an end whatever happens', () => {
  const { sessions, ends, pass } = made();
  const { token } = sessions.begin(RITA);
  for (let i = 0; i < 10; i++) {
    expect(sessions.find(token)).not.toBeNull();
    pass(99);
  }
  pass(20);
  expect(sessions.find(token)).toBeNull();
  expect(sessions.find(sessions.begin(RITA).token)).not.toBeNull();
  pass(100);
  sessions.sweep();
  expect([ends, sessions.list()]).toEqual([['expired', 'idle'], []]);
});

test('tokens are never alike, and what is no token finds nothing', () => {
  const { sessions } = made();
  const tokens = new Set(Array.from({ length: 8 }, () => sessions.begin(RITA).token));
  expect(tokens.size).toBe(8);
  for (const text of ['', 'x', '__proto__', `${[...tokens][0]}=`, 'A'.repeat(43)])
    expect(sessions.find(text)).toBeNull();
});

test('one user has eight at most, all have 64: the longest quiet goes', () => {
  const { sessions, ends, pass } = made();
  const first = sessions.begin(RITA).token;
  for (let i = 0; i < 8; i++) {
    pass(1);
    sessions.begin(RITA);
  }
  expect(sessions.find(first)).toBeNull();
  for (let i = 0; i < 100; i++) sessions.begin({ ...RITA, user: `user-${i}` });
  expect(sessions.list()).toHaveLength(64);
  expect(new Set(ends)).toEqual(new Set(['displaced']));
});
