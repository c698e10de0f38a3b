import { describe, expect, test } from 'vitest';
import { externalChecks } from '../../../src/health/checks/external.ts';
import { externalMetrics } from '../../../src/health/metrics/external.ts';
import { readinessOf } from '../../../src/health/snapshot.ts';
import type { ExternalFacts } from '../../../src/health/sources.ts';
import { gatewayStatus } from '../../../src/health/status.ts';
import { MONOTONIC_MS, snapshotOf, sourcesOf } from '../facts.ts';

const GOOD: ExternalFacts = {
  url: 'mqtts://broker.example.com',
  role: 'active',
  acknowledge: 'after_commit',
  standing: 'consuming',
  connected: true,
  sessionPresent: true,
  sessionLost: false,
  unacknowledged: 3,
  oldestUnacknowledgedAtMs: MONOTONIC_MS - 2500,
  waitingForPms: 0,
  sessionsTotal: 2,
  takeOversTotal: 0,
  contested: false,
  discardedTotal: 0,
  receiptsDroppedTotal: 0,
  problem: null,
};

const snapshot = (part: Partial<ExternalFacts>) => {
  const external = { ...GOOD, ...part };
  return snapshotOf({
    intake: () => ({ ...sourcesOf().intake(), listening: external.standing === 'consuming', external }),
  });
};
const checksOf = (part: Partial<ExternalFacts>) =>
  Object.fromEntries(externalChecks(snapshot(part)).map((check) => [check.name, check]));
const problem = { code: 'credentials', text: 'the broker refused us' };

test('nothing is checked or measured when lanes connect to the gateway itself', () => {
  expect(externalChecks(snapshotOf())).toEqual([]);
  expect(externalMetrics(snapshotOf())).toEqual([]);
});

test('an active gateway that consumes is well', () => {
  expect(Object.values(checksOf({})).map(({ status }) => status)).toEqual(['pass', 'pass', 'pass', 'pass', 'pass']);
});

test.each([
  ['a standby that stands by', { role: 'standby', standing: 'standby' }, 'pass'],
  ['a standby that has taken over', { role: 'standby' }, 'warn'],
  ['an active one that stands by', { standing: 'standby' }, 'warn'],
  ['one that listens at its start', { standing: 'waiting' }, 'warn'],
  ['one that is not let in', { standing: 'waiting', problem }, 'fail'],
  ['two that throw each other out', { contested: true }, 'fail'],
] as const)('%s', (_what, part, status) => {
  expect(checksOf(part)['intake:external']).toMatchObject({ status });
});

test('the reason of a refusal is told', () => {
  expect(checksOf({ standing: 'waiting', problem })['intake:external']?.output).toContain('the broker refused us');
});

describe('what may have been lost', () => {
  test('a forgotten session', () =>
    expect(checksOf({ sessionLost: true })['intake:session']).toMatchObject({ status: 'fail' }));
  test('publishes that were not kept', () =>
    expect(checksOf({ discardedTotal: 1 })['intake:discarded']).toMatchObject({ status: 'fail', observedValue: 1 }));
  test('publishes unacknowledged for long', () => {
    const old = { oldestUnacknowledgedAtMs: MONOTONIC_MS - 21 * 60_000 };
    expect(checksOf(old)['intake:unacknowledged']).toMatchObject({ status: 'warn' });
    expect(checksOf(old)['intake:oldestUnacknowledged']).toMatchObject({ observedValue: 1260 });
  });
});

test('a gateway that does not consume is not ready, and says why', () => {
  expect(readinessOf(snapshot({}))).toEqual({ ready: true, reasons: [] });
  expect(readinessOf(snapshot({ standing: 'standby' })).reasons).toEqual([
    'this gateway does not consume from the broker',
  ]);
});

test('status and metrics name the same facts', () => {
  const spoilt = snapshot({ takeOversTotal: 4, problem });
  const { external } = gatewayStatus(spoilt, { status: 'pass', checks: [] }).lanes;
  expect(external).toMatchObject({ identity: 'broker_acl', oldest_unacknowledged_seconds: 2.5, take_overs_total: 4 });
  const metrics = Object.fromEntries(externalMetrics(spoilt).map(({ name, samples }) => [name, samples]));
  expect(metrics.external_take_overs_total).toMatchObject([{ value: 4 }]);
  expect(metrics.external_oldest_unacknowledged_seconds).toMatchObject([{ value: 2.5 }]);
  expect(metrics.external_standing).toContainEqual({ labels: { standing: 'consuming' }, value: 1 });
});
