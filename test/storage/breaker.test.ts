import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  admits,
  type BreakerState,
  type StorageLevel,
  startBreaker,
  stepBreaker,
  Trickle,
} from '../../src/storage/breaker.ts';

const LIMITS = { openAt: 0.8, closeAt: 0.7, reserveAt: 0.95, dwellMs: 10_000 };
const at = (level: StorageLevel, sinceMs = 0): BreakerState => ({ level, sinceMs, lowSinceMs: sinceMs });
const next = (level: StorageLevel, share: number, nowMs = 1000, isFull = false) =>
  stepBreaker(at(level), { share, isFull }, nowMs, LIMITS).level;

test.each([
  ['CLOSED', 0.799, 'CLOSED'],
  ['CLOSED', 0.8, 'OPEN'],
  ['CLOSED', 0.95, 'RESERVE'],
  ['OPEN', 0.7, 'OPEN'],
  ['OPEN', 0.699, 'HALF_OPEN'],
  ['OPEN', 0.95, 'RESERVE'],
  ['RESERVE', 0.945, 'RESERVE'],
  ['RESERVE', 0.939, 'OPEN'],
  ['RESERVE', 0.1, 'HALF_OPEN'],
  ['FULL', 0.99, 'RESERVE'],
  ['FULL', 0.85, 'OPEN'],
  ['HALF_OPEN', 0.75, 'HALF_OPEN'],
  ['HALF_OPEN', 0.8, 'OPEN'],
] as const)('%s at %d becomes %s', (from, share, to) => expect(next(from, share)).toBe(to));

test('what does not fit is FULL from every level', () => {
  for (const level of ['CLOSED', 'HALF_OPEN', 'OPEN', 'RESERVE'] as const) {
    expect(next(level, 0.5, 1000, true)).toBe('FULL');
  }
});

describe('HALF_OPEN', () => {
  test('closes after the dwell time below close_at', () => {
    expect(next('HALF_OPEN', 0.6, 9_999)).toBe('HALF_OPEN');
    expect(next('HALF_OPEN', 0.6, 10_000)).toBe('CLOSED');
  });

  test('a share over close_at begins the dwell time anew', () => {
    const risen = stepBreaker(at('HALF_OPEN'), { share: 0.72, isFull: false }, 8_000, LIMITS);
    expect(stepBreaker(risen, { share: 0.6, isFull: false }, 17_999, LIMITS).level).toBe('HALF_OPEN');
    expect(stepBreaker(risen, { share: 0.6, isFull: false }, 18_000, LIMITS).level).toBe('CLOSED');
  });
});

test('nothing changed is the same object', () => {
  const state = startBreaker(5);
  expect(stepBreaker(state, { share: 0.1, isFull: false }, 900, LIMITS)).toBe(state);
});

describe('who is let in', () => {
  const refuse = () => false;
  const table: [StorageLevel, boolean, boolean, boolean][] = [
    ['CLOSED', true, true, true],
    ['HALF_OPEN', true, true, false],
    ['OPEN', true, true, false],
    ['RESERVE', true, false, false],
    ['FULL', false, false, false],
  ];
  test.each(table)('%s: Schedule II %s, controlled %s, other %s', (level, two, controlled, other) => {
    expect(admits(level, 'schedule_two', refuse)).toBe(two);
    expect(admits(level, 'controlled', refuse)).toBe(controlled);
    expect(admits(level, 'other', refuse)).toBe(other);
  });

  test('HALF_OPEN lets the rest in by the trickle, and asks it for nothing else', () => {
    let asked = 0;
    const allow = () => {
      asked += 1;
      return true;
    };
    expect(admits('HALF_OPEN', 'other', allow)).toBe(true);
    admits('HALF_OPEN', 'schedule_two', allow);
    admits('HALF_OPEN', 'controlled', allow);
    expect(asked).toBe(1);
  });
});

test('whatever is measured, Schedule II waits only when nothing fits, and the rest never in the reserve', () => {
  const reading = fc.record({ share: fc.double({ min: 0, max: 1.2, noNaN: true }), isFull: fc.boolean() });
  fc.assert(
    fc.property(fc.array(fc.tuple(reading, fc.nat(20_000)), { maxLength: 60 }), (steps) => {
      let nowMs = 0;
      let state = startBreaker(nowMs);
      for (const [measured, passMs] of steps) {
        nowMs += passMs;
        state = stepBreaker(state, measured, nowMs, LIMITS);
        expect(admits(state.level, 'schedule_two', () => false)).toBe(!measured.isFull);
        if (measured.share >= LIMITS.reserveAt) expect(admits(state.level, 'controlled', () => true)).toBe(false);
        if (measured.share >= LIMITS.openAt) expect(admits(state.level, 'other', () => true)).toBe(false);
        if (state.level === 'CLOSED') expect(measured.share).toBeLessThan(LIMITS.openAt);
      }
    }),
  );
});

test('once it is calm, the breaker closes by itself from every level', () => {
  for (const level of ['HALF_OPEN', 'OPEN', 'RESERVE', 'FULL'] as const) {
    let state = at(level);
    for (let nowMs = 0; nowMs <= 11_000; nowMs += 1000) {
      state = stepBreaker(state, { share: 0.3, isFull: false }, nowMs, LIMITS);
    }
    expect(state.level).toBe('CLOSED');
  }
});

test('the trickle gives its burst, then its rate, and no more after a long rest', () => {
  const trickle = new Trickle({ perSecond: 2, burst: 3 }, 0);
  const taken = (nowMs: number) => {
    let count = 0;
    while (trickle.take(nowMs)) count += 1;
    return count;
  };
  expect(taken(0)).toBe(3);
  expect(taken(400)).toBe(0);
  expect(taken(500)).toBe(1);
  expect(taken(1_000_000)).toBe(3);
});
