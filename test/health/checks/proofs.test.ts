/** What health says of tills' proofs, and that Prometheus raises the alert that belongs to each. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findingsOf } from '../../../src/health/checks/all.ts';
import { DAY_MS } from '../../../src/health/checks/certificate.ts';
import { proofChecks } from '../../../src/health/checks/proofs.ts';
import { metricsText } from '../../../src/health/metrics.ts';
import type { EnrolmentFacts, LaneProofFacts } from '../../../src/health/proof-facts.ts';
import { alertFault } from '../../harness/alerts.ts';
import { missing } from '../../harness/programs.ts';
import { NOW_MS, snapshotOf } from '../facts.ts';

const lane = (name: string, days: number, more: Partial<LaneProofFacts> = {}): LaneProofFacts => ({
  lane: name,
  state: 'enrolled',
  certificate: { fromMs: NOW_MS - 300 * DAY_MS, untilMs: NOW_MS + days * DAY_MS + 1000 },
  ...{ grace: null, isTwice: false, isKnocking: false },
  ...more,
});
const GOOD: EnrolmentFacts = {
  trouble: null,
  authorities: [{ origin: 'own', sha256: 'ab'.repeat(32), untilMs: NOW_MS + 9000 * DAY_MS }],
  lanes: [lane('lane-1', 200), lane('lane-2', 100)],
  listeners: [{ address: 'mqtts://0.0.0.0:8883', fromMs: NOW_MS, untilMs: NOW_MS + 800 * DAY_MS }],
  refused: { revoked: 0, foreign: 2 },
};
const snapshot = (spoilt: Partial<EnrolmentFacts>) => snapshotOf({ enrolment: () => ({ ...GOOD, ...spoilt }) });
const warned = (spoilt: Partial<EnrolmentFacts>) =>
  proofChecks(snapshot(spoilt)).filter(({ status }) => status !== 'pass');

test('all is well: the days of the first to end, the authority’s and the listener’s', () => {
  const checks = proofChecks(snapshot({}));
  expect(checks.every(({ status }) => status === 'pass')).toBe(true);
  expect(checks.find(({ name }) => name === 'lanes:certificateFirst')).toMatchObject({ observedValue: 100 });
  expect(checks.find(({ name }) => name === 'lanes:authority')).toMatchObject({ observedValue: 9000 });
  expect(checks.find(({ name }) => name === 'intake:certificate')).toMatchObject({ observedValue: 800 });
  expect(proofChecks(snapshotOf())).toEqual([]);
});

test.each([
  [29, /^The certificate of lane-1 ends in 29 d/],
  [13, /^This week:/],
  [2, /^URGENT, today:/],
  [-10, /has expired: it is let in for 20 d more/],
  [-31, /has expired: it is kept out/],
])('a till with %d days left is named with what to do', (days, says) => {
  expect(warned({ lanes: [lane('lane-1', days), lane('lane-2', 100)] })).toMatchObject([
    {
      name: 'lanes:certificate',
      componentId: 'lane-1',
      status: 'warn',
      observedValue: days,
      output: expect.stringMatching(says),
    },
  ]);
});

test('the register that cannot be used is a failure: nobody can be revoked', () => {
  expect(warned({ trouble: 'lanes.json is no JSON' })).toMatchObject([
    { name: 'lanes:register', status: 'fail', output: expect.stringContaining('lanes.json is no JSON') },
  ]);
});

test('a thousand tills that end make some dozens of checks', () => {
  const lanes = Array.from({ length: 1000 }, (_, at) => lane(`lane-${at}`, 1, { grace: 'expired', isTwice: true }));
  expect(proofChecks(snapshot({ lanes })).length).toBeLessThan(110);
});

const TROUBLES: readonly [string, Partial<EnrolmentFacts>, RegExp, string][] = [
  ['lanes:certificate', { lanes: [lane('lane-1', 20)] }, /lane enroll/, 'CounterfoilLaneCertificateEnds'],
  ['lanes:grace', { lanes: [lane('lane-1', 100, { grace: 'not_yet_valid' })] }, /clock right/, 'CounterfoilLaneGrace'],
  ['lanes:twoPlaces', { lanes: [lane('lane-1', 100, { isTwice: true })] }, /revoke lane-1/, 'CounterfoilLaneTwoPlaces'],
  [
    'lanes:revokedKnocks',
    { lanes: [lane('lane-1', 0, { state: 'revoked', certificate: null, isKnocking: true })] },
    /find that device/,
    'CounterfoilRevokedLane',
  ],
  [
    'lanes:authority',
    { authorities: [{ origin: 'chain', sha256: 'cd'.repeat(32), untilMs: NOW_MS + 10 * DAY_MS }] },
    /let both stand in the file/,
    'CounterfoilCertificateEnds',
  ],
  [
    'intake:certificate',
    { listeners: [{ address: 'mqtts://0.0.0.0:8883', fromMs: NOW_MS - 700 * DAY_MS, untilMs: NOW_MS + DAY_MS }] },
    /SIGHUP/,
    'CounterfoilCertificateEnds',
  ],
];

describe.skipIf(missing('promtool'))('each trouble is said by health, and raised by Prometheus as one alert', () => {
  test.each(TROUBLES)('%s', async (name, spoilt, says, alert) => {
    expect(warned(spoilt)).toMatchObject([{ name, output: expect.stringMatching(says) }]);
    const folder = mkdtempSync(join(tmpdir(), 'counterfoil-proofs-'));
    try {
      const at = snapshot(spoilt);
      expect(alertFault(folder, await metricsText(at, findingsOf(at)), [alert])).toBeNull();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
