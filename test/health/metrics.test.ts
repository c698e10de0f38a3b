import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { findingsOf } from '../../src/health/checks/all.ts';
import { metricsText } from '../../src/health/metrics.ts';
import type { WallClockFacts } from '../../src/health/sources.ts';
import { GOOD_CLOCK, GOOD_LINK, GOOD_LOG, GOOD_TRAIL, snapshotOf, withPending } from './facts.ts';

const NO_CLOCK: WallClockFacts = {
  ...GOOD_CLOCK,
  quality: 'unknown',
  source: 'none',
  offsetMs: null,
  uncertaintyMs: null,
  pmsOffsetMs: null,
  pmsUncertaintyMs: null,
};

const textOf = (snapshot = snapshotOf()) => metricsText(snapshot, findingsOf(snapshot));
const series = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

const promtoolIsThere = spawnSync('promtool', ['--version']).error === undefined;
if (!promtoolIsThere) {
  process.stderr.write(
    '\nSKIPPED: promtool is not installed (apt-get install prometheus); metrics were not checked.\n',
  );
}

describe.skipIf(!promtoolIsThere)('promtool check metrics', () => {
  test.each([
    ['a gateway in good health', snapshotOf()],
    [
      'a gateway that has just started',
      snapshotOf({ buffer: () => null, link: () => null, streams: () => [], storage: () => null, trail: () => null }),
    ],
    ['a gateway with a backlog', snapshotOf({ ...withPending('II', 5000), wallClock: () => NO_CLOCK })],
  ])('finds nothing wrong with %s', async (_what, snapshot) => {
    const { output, status } = spawnSync('promtool', ['check', 'metrics'], {
      input: await textOf(snapshot),
      encoding: 'utf8',
    });
    expect(output.join('')).toBe('');
    expect(status).toBe(0);
  });
});

test.skipIf(!promtoolIsThere)('promtool would say so if something were wrong', () => {
  const input = '# TYPE counterfoil_things_total gauge\ncounterfoil_things_total 1\n';
  expect(spawnSync('promtool', ['check', 'metrics'], { input }).status).not.toBe(0);
});

test('every series has our prefix, and there are not many', async () => {
  const lines = series(await textOf());
  for (const line of lines) expect(line).toMatch(/^counterfoil_[a-z0-9_]+(\{[^}]*\})? -?[0-9.e+-]+$/);
  expect(lines.length).toBeLessThan(200);
});

test('neither lanes nor epochs become labels', async () => {
  expect(await textOf()).not.toMatch(/lane-1|0a1b2c3d/);
});

test('figures as they are', async () => {
  const lines = series(await textOf(snapshotOf(withPending('II', 61_500))));
  for (const line of [
    'counterfoil_info{gateway="gw-0042",store="0042",version="0.1.0"} 1',
    'counterfoil_ready 1',
    'counterfoil_records{schedule="II",state="PENDING"} 1',
    'counterfoil_records{schedule="NONE",state="SYNCED"} 80',
    'counterfoil_oldest_pending_age_seconds{schedule="II"} 61.5',
    'counterfoil_oldest_pending_age_seconds{schedule="III"} 0',
    'counterfoil_records_accepted_total 120',
    'counterfoil_commit_p99_seconds 0.009',
    'counterfoil_mode{mode="NORMAL"} 1',
    'counterfoil_mode{mode="FALLBACK"} 0',
    'counterfoil_mode_changes_total{to="RECONCILING"} 1',
    'counterfoil_link_certificate_expiry_timestamp_seconds{certificate="pms"} 1803114000',
    'counterfoil_link_layer_up{layer="heartbeat"} 1',
    'counterfoil_sync_settled_total{stream="schedule_two"} 99',
    'counterfoil_storage_utilisation_ratio 0.123456',
    'counterfoil_clock_offset_seconds{source="ntp"} 0.004',
    'counterfoil_clock_offset_seconds{source="pms"} 0.3',
    'counterfoil_clock_uncertainty_seconds{source="ntp"} 0.02',
    'counterfoil_clock_steps_total 1',
    'counterfoil_trail_entries{log="schedule_two"} 25',
    'counterfoil_trail_stored_entries{log="audit"} 130',
    'counterfoil_trail_lag_seconds{log="audit"} 0',
    'counterfoil_trail_checkpoint_entries{log="audit"} 128',
    'counterfoil_trail_checkpoint_age_seconds{log="audit"} 4',
    'counterfoil_trail_cosigned_entries{log="audit"} 120',
    'counterfoil_trail_cosigned_age_seconds{log="audit"} 9',
    'counterfoil_trail_witness_alarm{log="audit"} 0',
    'counterfoil_trail_worm{protection="none"} 1',
    'counterfoil_trail_troubles 0',
  ]) {
    expect(lines).toContain(line);
  }
});

test('a layer that fails says which fault it is', async () => {
  const tls = { ...GOOD_LINK.layers.tls, verdict: 'fail', code: 'certificate_expired' } as const;
  const text = await textOf(snapshotOf({ link: () => ({ ...GOOD_LINK, layers: { ...GOOD_LINK.layers, tls } }) }));
  expect(series(text)).toContain('counterfoil_link_layer_fault{layer="tls",code="certificate_expired"} 1');
  expect(await textOf()).not.toContain('link_layer_fault');
});

test('a trail before its first checkpoint and cosignature', async () => {
  const early = { ...GOOD_LOG, checkpoint: null, witness: { ...GOOD_LOG.witness, cosigned: null } };
  const trail = { ...GOOD_TRAIL, logs: { audit: early, schedule_two: early } };
  const text = await textOf(snapshotOf({ trail: () => trail }));
  expect(text).toContain('counterfoil_trail_entries{log="audit"} 130');
  expect(text).not.toMatch(/checkpoint_entries|checkpoint_age|cosigned_age/);
});

test('what is not known is absent, not 0', async () => {
  const unknown = { ...GOOD_LINK.layers.tls, verdict: 'unknown', latencyMs: null } as const;
  const link = { ...GOOD_LINK, layers: { ...GOOD_LINK.layers, tls: unknown } };
  const text = await textOf(snapshotOf({ link: () => link, storage: () => null }));
  expect(text).not.toMatch(/layer="tls"|counterfoil_storage/);
});
