import { expect, test } from 'vitest';
import { TillClock } from '../../src/lane/till-clock.ts';
import { parseStatus, type SeenStatus } from '../../src/record/lane-wire.ts';

const GATEWAY_MS = Date.UTC(2026, 10, 22, 9, 0, 0);
const statusOf = (part: Partial<SeenStatus> = {}): SeenStatus => ({
  gateway_id: 'gw-0042',
  epoch: '0a1b2c3d',
  mode: 'NORMAL',
  link: 'ONLINE',
  storage: 'CLOSED',
  checkpoint: null,
  gateway_time_utc: new Date(GATEWAY_MS).toISOString(),
  clock: 'synchronised',
  clock_offset_ms: null,
  clock_uncertainty_ms: null,
  since: '2026-11-22T08:00:00.000Z',
  ...part,
});

test('a till that is off is told once, and once more when it is right again', () => {
  const clock = new TillClock();
  expect(clock.take(statusOf(), GATEWAY_MS + 4_999)).toBeNull();
  expect(clock.take(statusOf(), GATEWAY_MS + 90_000)).toEqual({ offMs: 90_000, isOff: true });
  expect(clock.take(statusOf(), GATEWAY_MS + 91_000)).toBeNull();
  expect(clock.take(statusOf(), GATEWAY_MS + 4_000)).toBeNull();
  expect(clock.take(statusOf(), GATEWAY_MS - 1_000)).toEqual({ offMs: -1_000, isOff: false });
});

test("the gateway's own offset is taken into account", () => {
  const behind = statusOf({ clock: 'unsynchronised', clock_offset_ms: 3_600_000 });
  expect(new TillClock().take(behind, GATEWAY_MS)).toEqual({ offMs: -3_600_000, isOff: true });
  expect(new TillClock().take(behind, GATEWAY_MS + 3_600_000)).toBeNull();
});

test('a gateway that knows only that it is wrong says nothing about the till', () => {
  const lost = statusOf({ clock: 'unsynchronised', gateway_time_utc: '1970-01-01T00:01:00.000Z' });
  expect(new TillClock().take(lost, GATEWAY_MS)).toBeNull();
});

test('a status of an older gateway has no offset', () => {
  const { clock_offset_ms: _offset, clock_uncertainty_ms: _uncertainty, ...older } = statusOf();
  const status = parseStatus(Buffer.from(JSON.stringify(older)));
  expect(status).toEqual(statusOf());
});
