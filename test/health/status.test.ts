import { expect, test } from 'vitest';
import { findingsOf } from '../../src/health/checks/all.ts';
import { gatewayStatus } from '../../src/health/status.ts';
import { gatewayStatusSchema } from '../../src/health/status-schema.ts';
import { snapshotOf, withPending } from './facts.ts';

const statusOf = (snapshot = snapshotOf()) => gatewayStatus(snapshot, findingsOf(snapshot));

test('says everything, in the form of its schema', () => {
  const status = statusOf();
  expect(gatewayStatusSchema.strict().parse(status)).toEqual(status);
  expect(status).toMatchObject({
    time_utc: '2026-11-22T09:00:00.000Z',
    gateway: { id: 'gw-0042', store: '0042', uptime_seconds: 3600 },
    health: { status: 'pass', ready: true, problems: [] },
    mode: { mode: 'NORMAL', for_seconds: 3600 },
    link: { link: 'ONLINE', layers: [{ layer: 'dns', verdict: 'ok', latency_ms: 1.5 }, {}, {}, {}, {}] },
    records: { epoch: '0a1b2c3d', last_sequence: 120, accepted_total: 120 },
    commits: { total: 40, p50_ms: 3, p99_ms: 9, failure: null },
    lanes: { connections: 2, list: [{ lane: 'lane-1', publishes: 123 }] },
    sync: [{ stream: 'standard', last_receipt_seconds_ago: 3.9 }, { stream: 'schedule_two' }],
    storage: { utilisation: 0.1235, full_in_seconds: null },
    trail: {
      worm: 'none',
      logs: [
        { log: 'audit', entries: 130, checkpoint: { size: 128, age_seconds: 4 }, cosigned_seconds_ago: 9 },
        { log: 'schedule_two', entries: 25, lag_seconds: 0, witness_alarm: null },
      ],
      troubles: [],
    },
  });
});

test('the oldest pending record by schedule, with what its age is worth', () => {
  const { records } = statusOf(snapshotOf(withPending('II', 5000, false)));
  expect(records?.schedules.find(({ schedule }) => schedule === 'II')).toEqual({
    schedule: 'II',
    states: { PENDING: 1 },
    oldest_pending: {
      sequence: 121,
      received_at_utc: '2026-11-22T08:59:55.000Z',
      age_seconds: 5,
      at_least: true,
      late: true,
    },
  });
});

test('holds while next to nothing is known', () => {
  const nothing = { buffer: () => null, link: () => null, storage: () => null, trail: () => null };
  const bare = snapshotOf({ ...nothing, streams: () => [] });
  const status = statusOf(bare);
  expect(gatewayStatusSchema.parse(status)).toEqual(status);
  expect(status).toMatchObject({
    records: null,
    trail: null,
    link: null,
    storage: null,
    health: { status: 'fail', ready: false },
  });
});
