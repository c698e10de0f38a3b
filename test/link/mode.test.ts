import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MODE_LIMITS, type Mode, type ModeFacts, type ModeState, startMode, step } from '../../src/link/mode.ts';

const CALM: ModeFacts = {
  link: 'ONLINE',
  oldestPending: [],
  scheduleTwoDepth: 0,
  storageOpen: false,
  lastReceiptAtMs: null,
  capture: null,
};
const OLD = [{ ageMs: 120_001, sameBoot: true }];
const YOUNG = [{ ageMs: 2_000, sameBoot: true }];

const inMode = (mode: Mode, sinceMs = 1000): ModeState => ({ mode, sinceMs, reasons: [] });
/** By default long enough after the last change. */
const next = (state: ModeState, facts: Partial<ModeFacts>, nowMs = 9000) =>
  step(state, { ...CALM, ...facts }, nowMs, MODE_LIMITS);

describe('NORMAL', () => {
  test.each([
    ['the link is offline', { link: 'OFFLINE' }, 'link_offline'],
    ['a record waits too long', { oldestPending: OLD }, 'oldest_pending'],
    ['a record waits since before the boot', { oldestPending: [{ ageMs: 1, sameBoot: false }] }, 'oldest_pending'],
    ['Schedule II comes near its limit', { scheduleTwoDepth: 800 }, 'schedule_two_depth'],
    ['storage is open', { storageOpen: true }, 'storage_open'],
  ] as [string, Partial<ModeFacts>, string][])('falls back when %s', (_name, facts, reason) => {
    const { state, change } = next(startMode(500), facts);
    expect(change).toEqual({ from: 'NORMAL', to: 'FALLBACK', reasons: [reason], lastedMs: 8500 });
    expect(state).toEqual({ mode: 'FALLBACK', sinceMs: 9000, reasons: [reason] });
  });

  test.each([
    ['all is well', {}],
    ['the link is degraded', { link: 'DEGRADED' }],
    ['a record waits exactly as long as it may', { oldestPending: [{ ageMs: 120_000, sameBoot: true }] }],
    ['Schedule II is below', { scheduleTwoDepth: 799 }],
  ] as [string, Partial<ModeFacts>][])('stays when %s', (_name, facts) => {
    expect(next(startMode(500), facts).change).toBeNull();
  });
});

describe('FALLBACK', () => {
  test('ends in RECONCILING when records move again', () => {
    expect(next(inMode('FALLBACK'), { oldestPending: OLD, lastReceiptAtMs: 1500 }).change).toMatchObject({
      to: 'RECONCILING',
    });
    expect(next(inMode('FALLBACK'), {}).change).toMatchObject({ to: 'RECONCILING', reasons: [] });
  });

  test.each([
    ['no receipt came since', { oldestPending: OLD, lastReceiptAtMs: 900 }],
    ['no receipt ever came', { oldestPending: YOUNG }],
    ['the link is offline', { link: 'OFFLINE', lastReceiptAtMs: 1500 }],
    ['storage is open', { storageOpen: true, lastReceiptAtMs: 1500 }],
  ] as [string, Partial<ModeFacts>][])('lasts while %s', (_name, facts) => {
    expect(next(inMode('FALLBACK'), facts).change).toBeNull();
  });
});

describe('RECONCILING', () => {
  test('ends in NORMAL when the backlog is gone, or all of it is young', () => {
    expect(next(inMode('RECONCILING'), {}).change).toMatchObject({ to: 'NORMAL' });
    expect(next(inMode('RECONCILING'), { oldestPending: YOUNG }).change).toMatchObject({ to: 'NORMAL' });
  });

  test('does not end just below a threshold', () => {
    expect(next(inMode('RECONCILING'), { scheduleTwoDepth: 799 }).change).toBeNull();
    expect(next(inMode('RECONCILING'), { scheduleTwoDepth: 600 }).change).toBeNull();
    expect(next(inMode('RECONCILING'), { scheduleTwoDepth: 599 }).change).toMatchObject({ to: 'NORMAL' });
    expect(next(inMode('RECONCILING'), { oldestPending: [{ ageMs: 16_000, sameBoot: true }] }).change).toBeNull();
    const tight = { ...MODE_LIMITS, oldestPendingMs: 4_000 };
    const facts = { ...CALM, oldestPending: [{ ageMs: 3_000, sameBoot: true }] };
    expect(step(inMode('RECONCILING'), facts, 9000, tight).change).toBeNull();
  });

  test('lasts while an old backlog drains, however old it is', () => {
    const facts = { oldestPending: [{ ageMs: 9e6, sameBoot: false }], scheduleTwoDepth: 5000 };
    expect(next(inMode('RECONCILING'), { ...facts, lastReceiptAtMs: 499_000 }, 500_000).change).toBeNull();
  });

  test.each([
    ['the link goes', { link: 'OFFLINE' }, 1001],
    ['storage opens', { storageOpen: true }, 1001],
    ['it stalls', { oldestPending: OLD, lastReceiptAtMs: 2000 }, 122_001],
  ] as [string, Partial<ModeFacts>, number][])('falls back when %s', (_name, facts, nowMs) => {
    expect(next(inMode('RECONCILING'), facts, nowMs).change).toMatchObject({ to: 'FALLBACK' });
  });
});

test('CAPTURE lasts as long as main says, and ends by the reasons of that moment', () => {
  for (const mode of ['NORMAL', 'FALLBACK', 'RECONCILING'] as const) {
    expect(next(inMode(mode), { capture: 'capture' }).change).toMatchObject({ to: 'CAPTURE', reasons: ['capture'] });
    expect(next(inMode(mode), { capture: 'trail_lost' }).change).toMatchObject({ reasons: ['trail_lost'] });
  }
  expect(next(inMode('CAPTURE'), { capture: 'capture' }).change).toBeNull();
  expect(next(inMode('CAPTURE'), {}).change).toMatchObject({ to: 'RECONCILING' });
  expect(next(inMode('CAPTURE'), { link: 'OFFLINE' }).change).toMatchObject({ to: 'FALLBACK' });
});

test('the way back takes its time, bad news does not', () => {
  expect(next(inMode('FALLBACK'), {}, 5_999).change).toBeNull();
  expect(next(inMode('FALLBACK'), {}, 6_000).change).toMatchObject({ to: 'RECONCILING' });
  expect(next(inMode('RECONCILING'), {}, 5_999).change).toBeNull();
  expect(next(inMode('RECONCILING'), {}, 6_000).change).toMatchObject({ to: 'NORMAL' });
  expect(next(inMode('RECONCILING'), { link: 'OFFLINE' }, 1_000).change).toMatchObject({ to: 'FALLBACK' });
});

describe('whatever the facts, in whatever order and at whatever pace', () => {
  const EDGES = [
    'NORMAL FALLBACK',
    'FALLBACK RECONCILING',
    'RECONCILING NORMAL',
    'RECONCILING FALLBACK',
    'NORMAL CAPTURE',
    'FALLBACK CAPTURE',
    'RECONCILING CAPTURE',
    'CAPTURE FALLBACK',
    'CAPTURE RECONCILING',
  ];
  const anyMoment = fc.record({
    link: fc.constantFrom('ONLINE' as const, 'DEGRADED' as const, 'OFFLINE' as const),
    oldestPending: fc.array(
      fc.record({ ageMs: fc.constantFrom(0, 14_000, 16_000, 119_000, 130_000), sameBoot: fc.boolean() }),
      { maxLength: 2 },
    ),
    scheduleTwoDepth: fc.constantFrom(0, 599, 600, 799, 800),
    storageOpen: fc.boolean(),
    capture: fc.integer({ min: 0, max: 9 }).map((n) => (n === 0 ? ('capture' as const) : null)),
    receipt: fc.boolean(),
    afterMs: fc.constantFrom(1, 1_000, 4_999, 5_000, 30_000, 130_000),
  });
  type Moment = ModeFacts & { readonly receipt: boolean; readonly afterMs: number };

  /** Every step of a walk: the facts, the time, the state before and after. */
  function walk(moments: readonly Omit<Moment, 'lastReceiptAtMs'>[]) {
    let state = startMode(0);
    let nowMs = 0;
    let lastReceiptAtMs: number | null = null;
    return moments.map((moment) => {
      nowMs += moment.afterMs;
      if (moment.receipt) lastReceiptAtMs = nowMs;
      const facts = { ...moment, lastReceiptAtMs };
      const before = state;
      const result = step(before, facts, nowMs, MODE_LIMITS);
      state = result.state;
      return { facts, nowMs, before, after: state, change: result.change };
    });
  }
  const everyStep = (check: (one: ReturnType<typeof walk>[number]) => void) =>
    fc.assert(fc.property(fc.array(anyMoment, { maxLength: 60 }), (moments) => walk(moments).forEach(check)));

  test('the mode changes only by the documented edges, and a change says what it was', () => {
    everyStep(({ before, after, change, nowMs }) => {
      expect(change === null).toBe(before.mode === after.mode);
      if (change === null) return;
      expect(EDGES).toContain(`${change.from} ${change.to}`);
      expect(change).toMatchObject({ from: before.mode, to: after.mode, lastedMs: nowMs - before.sinceMs });
      expect(after.sinceMs).toBe(nowMs);
    });
  });

  test('from FALLBACK and CAPTURE every way to NORMAL leads through RECONCILING', () => {
    everyStep(({ before, after }) => {
      if (before.mode !== 'NORMAL' && after.mode === 'NORMAL') expect(before.mode).toBe('RECONCILING');
    });
  });

  test('nothing but FALLBACK and CAPTURE is entered before the mode before has lasted', () => {
    everyStep(({ change }) => {
      if (change === null || change.from === 'CAPTURE') return;
      if (change.to === 'RECONCILING' || change.to === 'NORMAL') {
        expect(change.lastedMs).toBeGreaterThanOrEqual(MODE_LIMITS.dwellMs);
      }
    });
  });

  test('bad news is told at once, and NORMAL never has a reason', () => {
    everyStep(({ facts, after }) => {
      expect(after.mode === 'CAPTURE').toBe(facts.capture !== null);
      if (facts.link === 'OFFLINE' || facts.storageOpen) expect(['FALLBACK', 'CAPTURE']).toContain(after.mode);
      if (after.mode === 'NORMAL') expect(after.reasons).toEqual([]);
    });
  });

  test('whatever came before, a calm line ends in NORMAL', () => {
    const calm = { ...CALM, receipt: true, afterMs: 5_000 };
    fc.assert(
      fc.property(fc.array(anyMoment, { maxLength: 30 }), (moments) => {
        expect(walk([...moments, calm, calm, calm, calm]).at(-1)?.after.mode).toBe('NORMAL');
      }),
    );
  });
});
