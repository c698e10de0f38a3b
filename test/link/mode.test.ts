import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MODE_LIMITS, type Mode, type ModeFacts, type ModeState, startMode, step } from '../../src/link/mode.ts';

const CALM: ModeFacts = {
  link: 'ONLINE',
  oldestPending: [],
  scheduleTwoDepth: 0,
  storageOpen: false,
  lastReceiptAtMs: null,
  captureOnly: false,
};
const OLD = [{ ageMs: 120_001, sameBoot: true }];
const YOUNG = [{ ageMs: 2_000, sameBoot: true }];

const inMode = (mode: Mode, sinceMs = 1000): ModeState => ({ mode, sinceMs, reasons: [] });
const next = (state: ModeState, facts: Partial<ModeFacts>, nowMs = 2000) =>
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
    expect(change).toEqual({ from: 'NORMAL', to: 'FALLBACK', reasons: [reason], lastedMs: 1500 });
    expect(state).toEqual({ mode: 'FALLBACK', sinceMs: 2000, reasons: [reason] });
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

  test('lasts while an old backlog drains, however old it is', () => {
    const facts = { oldestPending: [{ ageMs: 9e6, sameBoot: false }], scheduleTwoDepth: 5000 };
    expect(next(inMode('RECONCILING'), { ...facts, lastReceiptAtMs: 499_000 }, 500_000).change).toBeNull();
  });

  test.each([
    ['the link goes', { link: 'OFFLINE' }, 2000],
    ['storage opens', { storageOpen: true }, 2000],
    ['it stalls', { oldestPending: OLD, lastReceiptAtMs: 2000 }, 122_001],
  ] as [string, Partial<ModeFacts>, number][])('falls back when %s', (_name, facts, nowMs) => {
    expect(next(inMode('RECONCILING'), facts, nowMs).change).toMatchObject({ to: 'FALLBACK' });
  });
});

test('CAPTURE lasts as long as main says, and ends by the reasons of that moment', () => {
  for (const mode of ['NORMAL', 'FALLBACK', 'RECONCILING'] as const) {
    expect(next(inMode(mode), { captureOnly: true }).change).toMatchObject({ to: 'CAPTURE', reasons: ['capture'] });
  }
  expect(next(inMode('CAPTURE'), { captureOnly: true }).change).toBeNull();
  expect(next(inMode('CAPTURE'), {}).change).toMatchObject({ to: 'NORMAL' });
  expect(next(inMode('CAPTURE'), { link: 'OFFLINE' }).change).toMatchObject({ to: 'FALLBACK' });
});

test('whatever the facts: changes join up, and from FALLBACK the way to NORMAL leads through RECONCILING', () => {
  const anyFacts = fc.record({
    link: fc.constantFrom('ONLINE' as const, 'DEGRADED' as const, 'OFFLINE' as const),
    oldestPending: fc.array(
      fc.record({ ageMs: fc.constantFrom(0, 14_000, 16_000, 119_000, 130_000), sameBoot: fc.boolean() }),
      { maxLength: 2 },
    ),
    scheduleTwoDepth: fc.constantFrom(0, 799, 800),
    storageOpen: fc.boolean(),
    lastReceiptAtMs: fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 1_000_000 })),
    captureOnly: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(anyFacts, { maxLength: 40 }), (walk) => {
      let state = startMode(0);
      for (const [index, facts] of walk.entries()) {
        const before = state;
        const result = step(state, facts, (index + 1) * 30_000, MODE_LIMITS);
        state = result.state;
        expect(result.change === null).toBe(before.mode === state.mode);
        if (result.change !== null) expect(result.change).toMatchObject({ from: before.mode, to: state.mode });
        if (before.mode === 'FALLBACK') expect(['FALLBACK', 'RECONCILING', 'CAPTURE']).toContain(state.mode);
        expect(state.mode === 'CAPTURE').toBe(facts.captureOnly);
        if (facts.link === 'OFFLINE') expect(['FALLBACK', 'CAPTURE']).toContain(state.mode);
      }
    }),
  );
});
