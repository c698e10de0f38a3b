import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { standingLimits } from '../../../src/intake/external/options.ts';
import {
  connectAtMs,
  isContested,
  type Role,
  type StandingEvent,
  type StandingState,
  startStanding,
  stepStanding,
} from '../../../src/intake/external/standing.ts';

const limitsOf = (role: Role) => standingLimits(role, 30);
const LATEST = () => 0.999999;

/** Steps through `[time, event]` pairs. */
function walk(
  role: Role,
  ...events: readonly (readonly [number, StandingEvent['type'] | 'thrown_out'])[]
): StandingState {
  return events.reduce((state, [atMs, type]) => {
    const event: StandingEvent =
      type === 'thrown_out' ? { type: 'lost', byBroker: true } : type === 'lost' ? { type, byBroker: false } : { type };
    return stepStanding(state, event, atMs, limitsOf(role), () => 0);
  }, startStanding(0));
}

const connectsAt = (role: Role, state: StandingState) => connectAtMs(state, limitsOf(role));

describe('who goes first', () => {
  test('nobody connects before another gateway could have been heard', () => {
    for (const role of ['single', 'active', 'standby'] as const) expect(connectsAt(role, startStanding(0))).toBeNull();
    expect(connectsAt('active', walk('active', [100, 'hearing'], [200, 'deaf']))).toBeNull();
  });

  test.each([
    ['single', 1000],
    ['active', 8500],
    ['standby', 31_000],
  ] as const)('%s connects at %i ms when it hears nobody from 1000 ms on', (role, atMs) => {
    expect(connectsAt(role, walk(role, [1000, 'hearing']))).toBe(atMs);
  });

  test.each(['single', 'active', 'standby'] as const)('%s waits for silence once it has heard another', (role) => {
    expect(connectsAt(role, walk(role, [0, 'hearing'], [5000, 'heard'], [9000, 'heard']))).toBe(39_000);
  });
});

describe('take-over', () => {
  const consuming = [
    [0, 'hearing'],
    [7500, 'connecting'],
    [7600, 'opened'],
  ] as const;

  test('whoever is thrown out and hears another stands by until that one is silent', () => {
    const state = walk('active', ...consuming, [50_000, 'thrown_out'], [50_010, 'heard']);
    expect(state).toMatchObject({ name: 'listening', takeOversTotal: 1, wasConsuming: false });
    expect(connectsAt('active', state)).toBe(80_010);
  });

  test('one word of another is one take-over, however often it speaks', () => {
    const state = walk('active', ...consuming, [50_000, 'thrown_out'], [50_010, 'heard'], [55_000, 'heard']);
    expect(state.takeOversTotal).toBe(1);
  });

  test('whoever loses the broker and hears nobody goes on soon, a standby that had taken over too', () => {
    const state = walk('standby', ...consuming, [50_000, 'lost'], [50_000, 'deaf'], [52_000, 'hearing']);
    expect(connectsAt('standby', state)).toBe(59_500);
  });

  test('also a single gateway listens before it takes back what the broker has taken', () => {
    const state = walk('single', ...consuming, [50_000, 'thrown_out']);
    expect(connectsAt('single', state)).toBe(57_500);
  });

  test('a word heard before the connection was lost counts', () => {
    const state = walk('active', ...consuming, [49_000, 'heard'], [50_000, 'thrown_out']);
    expect(state).toMatchObject({ takeOversTotal: 1, wasConsuming: false });
    expect(connectsAt('active', state)).toBe(79_000);
  });

  test('a word of an hour ago does not', () => {
    const state = walk('active', ...consuming, [8000, 'heard'], [3_600_000, 'lost']);
    expect(connectsAt('active', state)).toBe(3_607_500);
  });
});

describe('two gateways that do not hear each other', () => {
  const fight = (state: StandingState, atMs: number, lastsMs: number) => {
    const limits = limitsOf('single');
    const opened = stepStanding(
      stepStanding(state, { type: 'connecting' }, atMs, limits, LATEST),
      { type: 'opened' },
      atMs,
      limits,
      LATEST,
    );
    return stepStanding(opened, { type: 'lost', byBroker: true }, atMs + lastsMs, limits, LATEST);
  };
  const hearing = () => walk('single', [0, 'hearing']);

  test('are contested after three short sessions, and wait longer and longer', () => {
    let state = hearing();
    const waits: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      state = fight(state, state.notBeforeMs, 1000);
      waits.push(state.notBeforeMs - state.sinceMs);
      expect(isContested(state, state.sinceMs, limitsOf('single'))).toBe(round >= 2);
    }
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(waits.at(-1)).toBeGreaterThan(200_000);
  });

  test('a session that lasts ends it', () => {
    let state = hearing();
    for (let round = 0; round < 5; round += 1) state = fight(state, state.notBeforeMs, 1000);
    state = fight(state, state.notBeforeMs, 60_000);
    expect(isContested(state, state.sinceMs, limitsOf('single'))).toBe(false);
    expect(state.notBeforeMs - state.sinceMs).toBeLessThanOrEqual(500);
  });
});

test('whatever happens, a gateway connects only while it listens, hears, and has heard nobody for long enough', () => {
  const event = fc.constantFrom<StandingEvent>(
    { type: 'hearing' },
    { type: 'deaf' },
    { type: 'heard' },
    { type: 'lost', byBroker: true },
    { type: 'lost', byBroker: false },
    { type: 'opened' },
  );
  const role = fc.constantFrom<Role>('single', 'active', 'standby');
  const walks = fc.array(fc.tuple(fc.integer({ min: 0, max: 20_000 }), event), { maxLength: 60 });
  fc.assert(
    fc.property(role, walks, (who, steps) => {
      let state = startStanding(0);
      let nowMs = 0;
      let heardAtMs: number | null = null;
      for (const [afterMs, step] of steps) {
        nowMs += afterMs;
        state = stepStanding(state, step, nowMs, limitsOf(who), () => 0.5);
        if (step.type === 'heard') heardAtMs = nowMs;
        if (step.type === 'opened') heardAtMs = null;
        if (step.type === 'lost' && heardAtMs !== null && nowMs - heardAtMs >= 30_000) heardAtMs = null;
        const atMs = connectsAt(who, state);
        if (state.name !== 'listening' || state.hearingSinceMs === null) expect(atMs).toBeNull();
        else if (heardAtMs !== null) expect(atMs).toBeGreaterThanOrEqual(heardAtMs + limitsOf(who).takeoverMs);
      }
    }),
  );
});
