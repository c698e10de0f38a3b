import { expect, test } from 'vitest';
import { findingsOf } from '../../../src/health/checks/all.ts';
import { linkChecks } from '../../../src/health/checks/link.ts';
import type { HealthSources, LayerFacts, StreamFacts } from '../../../src/health/sources.ts';
import { ENTERED, GOOD_LINK, GOOD_STREAM, MONOTONIC_MS, NOW_MS, snapshotOf } from '../facts.ts';

const find = (spoilt: Partial<HealthSources>, name: string) =>
  linkChecks(snapshotOf(spoilt)).find((check) => check.name === name);
const streams = (part: Partial<StreamFacts>) => ({ streams: () => [{ ...GOOD_STREAM, ...part }] });

const UNKNOWN: LayerFacts = {
  verdict: 'unknown',
  latencyMs: null,
  code: null,
  reason: null,
  advice: null,
  atMs: null,
};
const OUTAGE: Partial<HealthSources> = {
  link: () => ({
    ...GOOD_LINK,
    link: 'OFFLINE',
    sinceMs: NOW_MS - 300_000,
    layers: {
      ...GOOD_LINK.layers,
      tcp: {
        ...UNKNOWN,
        verdict: 'fail',
        code: 'no_route',
        reason: 'there is no way (ENETUNREACH)',
        advice: 'Check the cable, the router and the firewall.',
      },
      tls: UNKNOWN,
      heartbeat: { ...UNKNOWN, verdict: 'fail', reason: 'no answer' },
    },
  }),
  mode: () => ({ mode: 'FALLBACK', sinceMs: MONOTONIC_MS - 300_000, reasons: ['link_offline'], entered: ENTERED }),
};

test('an outage of the WAN is a warning, never a failure, and says where to look', () => {
  expect(findingsOf(snapshotOf(OUTAGE)).status).toBe('warn');
  expect(find(OUTAGE, 'link:state')).toMatchObject({
    observedValue: 'OFFLINE',
    status: 'warn',
    output: expect.stringMatching(
      /^OFFLINE since 5 min\. Records are kept here.*There is no way.*router and the firewall/,
    ),
  });
  expect(find(OUTAGE, 'link:tcp')).toMatchObject({
    observedValue: 'no_route',
    status: 'warn',
    output: 'There is no way (ENETUNREACH). Check the cable, the router and the firewall.',
  });
  expect(find(OUTAGE, 'link:tls')).toMatchObject({ observedValue: 'unknown', status: 'pass' });
  expect(find(OUTAGE, 'gateway:mode')).toMatchObject({ output: expect.stringContaining('link_offline') });
});

test('latency of each layer', () => {
  expect(find({}, 'link:dns')).toMatchObject({ observedValue: 1.5, observedUnit: 'ms', status: 'pass' });
  expect(find({}, 'link:delivery')).toMatchObject({ observedValue: 'ok', status: 'pass' });
});

test('capture only is a failure; a backlog on its way is a warning', () => {
  expect(
    find({ mode: () => ({ mode: 'CAPTURE', sinceMs: 0, reasons: [], entered: ENTERED }) }, 'gateway:mode')?.status,
  ).toBe('fail');
  expect(
    find({ mode: () => ({ mode: 'RECONCILING', sinceMs: 0, reasons: [], entered: ENTERED }) }, 'gateway:mode')?.status,
  ).toBe('warn');
});

test('health is not green while nothing moves', () => {
  const waiting = streams({ waitingSinceMs: MONOTONIC_MS - 120_001, lastFault: 'http_500' });
  expect(find(waiting, 'sync:lastReceipt')).toMatchObject({
    status: 'warn',
    output: expect.stringMatching(/No checked receipt for 2 min.*http_500/),
  });
  expect(find(streams({ waitingSinceMs: MONOTONIC_MS - 119_000 }), 'sync:lastReceipt')?.status).toBe('pass');
});

test('an alarm says what a person has to mend, also one we do not know yet', () => {
  expect(find(streams({ alarm: 'authentication' }), 'sync:alarm')?.output).toContain('pms.token_file');
  expect(find(streams({ alarm: 'new_kind' }), 'sync:alarm')).toMatchObject({
    status: 'warn',
    observedValue: 'new_kind',
  });
});

test('no link watched, no stream: nothing is claimed', () => {
  const names = linkChecks(snapshotOf({ link: () => null, streams: () => [] })).map(({ name }) => name);
  expect(names).toEqual(['gateway:mode']);
});

test('certificates: the days that are left, a warning a month before the end, and words when it is over', () => {
  const days = (left: number) => ({
    link: () => ({ ...GOOD_LINK, clientCertificateUntilMs: NOW_MS + left * 86_400_000 }),
  });
  expect(find({}, 'link:certificate')).toMatchObject({ observedValue: 90, observedUnit: 'd', status: 'pass' });
  expect(find({}, 'link:clientCertificate')).toBeUndefined();
  expect(find(days(31), 'link:clientCertificate')?.status).toBe('pass');
  expect(find(days(29), 'link:clientCertificate')).toMatchObject({
    status: 'warn',
    output: expect.stringMatching(/ends in 29 d\..*pms\.cert_file/),
  });
  expect(find(days(-1), 'link:clientCertificate')?.output).toContain('has expired');
});
