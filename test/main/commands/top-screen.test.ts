import { expect, test } from 'vitest';
import { findingsOf } from '../../../src/health/checks/all.ts';
import { gatewayStatus } from '../../../src/health/status.ts';
import { perSecond, topScreen } from '../../../src/main/commands/top-screen.ts';
import { GOOD_BUFFER, snapshotOf, sourcesOf, withPending } from '../../health/facts.ts';

function statusOf(...args: Parameters<typeof snapshotOf>) {
  const snapshot = snapshotOf(...args);
  return gatewayStatus(snapshot, findingsOf(snapshot));
}

const later = statusOf({
  clock: { utcMs: () => sourcesOf().clock.utcMs() + 2000, monotonicMs: () => sourcesOf().clock.monotonicMs() + 2000 },
  buffer: () => ({ ...GOOD_BUFFER, acceptedTotal: 130 }),
});

test('what happens a second comes from two looks', () => {
  expect(topScreen(later, null).join('\n')).toContain('in -/s');
  expect(topScreen(later, statusOf()).join('\n')).toContain('in 5.0/s  to the PMS 0.0/s');
});

test('a restart is no negative flow', () => {
  expect(perSecond(3, 100, 1)).toBe('-');
  expect(perSecond(3, 1, 0)).toBe('-');
  expect(perSecond(3, undefined, 1)).toBe('-');
});

test('what is wrong stands at the end, failures first, late schedules are marked', () => {
  const lines = topScreen(statusOf({ ...withPending('II', 500_000), storage: () => null }), null);
  expect(lines.join('\n')).toMatch(/^II +1 +8 min {2}LATE$/m);
  expect(lines.at(-1)).toMatch(/^warn {2}records:oldestPending \(II\): /);
});

test('many lanes are the busiest and a count', () => {
  const facts = sourcesOf().intake();
  const [lane] = facts.lanes;
  const lanes = Array.from({ length: 12 }, (_, at) => ({ ...lane, lane: `lane-${at}`, publishes: at })).map((one) => ({
    connections: 1,
    lastSeenAtMs: 0,
    refused: 0,
    missing: 0,
    missingSinceMs: null,
    clockOffsetMs: null,
    ...one,
  }));
  const text = topScreen(statusOf({ intake: () => ({ ...facts, lanes }) }), null).join('\n');
  expect(text).toMatch(/^lane-11 /m);
  expect(text).not.toMatch(/^lane-1 /m);
  expect(text).toMatch(/^and 4 more$/m);
});
