import { describe, expect, test } from 'vitest';
import { AT_OLDEST, answered, exhausted, redirected, sourceOf } from '../../src/sync/position.ts';

const wait = (failures: number) => 100 * (failures + 1);
const PENDING = { read: 'pending', below: null } as const;

describe('an answered batch', () => {
  test('with every verdict changes nothing', () => {
    expect(answered(AT_OLDEST, PENDING, { first: 1, last: 5, more: false, left: [] }, 0, wait)).toBe(AT_OLDEST);
  });

  test('with more waiting behind it goes on by numbers', () => {
    const batch = { first: 1, last: 5, more: true, left: [] };
    expect(answered(AT_OLDEST, PENDING, batch, 0, wait)).toEqual({ cursor: 6, behind: null });
  });

  test('without verdicts at its end starts there again: the PMS stopped', () => {
    expect(answered(AT_OLDEST, PENDING, { first: 1, last: 5, more: false, left: [4, 5] }, 0, wait)).toBe(AT_OLDEST);
    const later = answered(
      { cursor: 1, behind: null },
      { read: 'from', at: 1 },
      { first: 1, last: 5, more: false, left: [4, 5] },
      0,
      wait,
    );
    expect(later).toEqual({ cursor: 4, behind: null });
  });

  test('with a hole goes on, and what is behind has a wait of its own', () => {
    const position = answered(AT_OLDEST, PENDING, { first: 1, last: 5, more: false, left: [2] }, 1000, wait);
    expect(position).toEqual({ cursor: 6, behind: { failures: 0, dueMs: 1100 } });
    expect(sourceOf(position, 1099)).toEqual({ read: 'from', at: 6 });
    expect(sourceOf(position, 1100)).toEqual({ read: 'pending', below: 6 });
  });

  test('from behind: still without verdict waits longer, settled looks for more at once', () => {
    const position = { cursor: 6, behind: { failures: 0, dueMs: 100 } };
    const source = { read: 'pending', below: 6 } as const;
    expect(answered(position, source, { first: 2, last: 2, more: false, left: [2] }, 100, wait).behind).toEqual({
      failures: 1,
      dueMs: 300,
    });
    expect(answered(position, source, { first: 2, last: 2, more: false, left: [] }, 100, wait).behind).toEqual({
      failures: 0,
      dueMs: 100,
    });
  });
});

test('a source that has nothing leads back to the oldest', () => {
  const behind = { failures: 3, dueMs: 100 };
  expect(exhausted({ cursor: 6, behind }, { read: 'pending', below: 6 })).toEqual({ cursor: 6, behind: null });
  expect(exhausted({ cursor: 6, behind }, { read: 'from', at: 6 })).toEqual({ cursor: 6, behind });
  expect(exhausted({ cursor: 6, behind: null }, { read: 'from', at: 6 })).toEqual(AT_OLDEST);
  expect(exhausted(AT_OLDEST, PENDING)).toEqual(AT_OLDEST);
});

describe('a 409', () => {
  test('for a lower number goes back there', () => {
    const position = { cursor: 9, behind: { failures: 1, dueMs: 5 } };
    expect(redirected(position, 3, 9, false, 0, wait)).toEqual({ cursor: 3, behind: null });
  });

  test('for a higher number goes on there; what a look-up settled needs no wait', () => {
    expect(redirected(AT_OLDEST, 9, 1, true, 50, wait)).toEqual({ cursor: 9, behind: { failures: 0, dueMs: 50 } });
    expect(redirected(AT_OLDEST, 9, 1, false, 50, wait)).toEqual({ cursor: 9, behind: { failures: 0, dueMs: 150 } });
    const again = { cursor: 9, behind: { failures: 0, dueMs: 0 } };
    expect(redirected(again, 9, 1, false, 50, wait)).toEqual({ cursor: 9, behind: { failures: 1, dueMs: 250 } });
  });
});
