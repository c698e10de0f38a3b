import { describe, expect, test } from 'vitest';
import { deliveryVerdict, type StreamDelivery } from '../../src/link/delivery.ts';

const now = { monotonicMs: 500_000, utcMs: 9 };
const LIMIT_MS = 25_000;
const IDLE: StreamDelivery = {
  stream: 'standard',
  waitingSinceMs: null,
  lastAttemptAtMs: null,
  lastReceiptAtMs: null,
  lastFault: null,
  stopped: false,
};
const verdictOf = (parts: Partial<StreamDelivery>[], passingSinceMs: number | null = 1000) =>
  deliveryVerdict(
    parts.map((part) => ({ ...IDLE, ...part })),
    now,
    LIMIT_MS,
    passingSinceMs,
  );

test('knows nothing before a receipt came', () => {
  expect(verdictOf([{}])).toMatchObject({ verdict: 'unknown', code: null, reason: 'nothing was sent yet' });
  expect(verdictOf([{ waitingSinceMs: 499_000 }])).toMatchObject({
    verdict: 'unknown',
    reason: 'the first records are on their way',
  });
});

test('is well while nothing waits or the wait is short, with the latency of the latest answer', () => {
  expect(verdictOf([{ lastAttemptAtMs: 900, lastReceiptAtMs: 1000 }])).toMatchObject({
    verdict: 'ok',
    latencyMs: 100,
    code: null,
    reason: null,
  });
  // A slow line that moves: each receipt starts the wait anew.
  expect(verdictOf([{ lastReceiptAtMs: 475_001, waitingSinceMs: 475_001, lastAttemptAtMs: 475_002 }])).toMatchObject({
    verdict: 'ok',
    latencyMs: null,
  });
});

test('fails when something waits too long, in words of what came in place of a receipt', () => {
  expect(verdictOf([{ waitingSinceMs: 475_000, lastReceiptAtMs: 474_000 }])).toMatchObject({
    verdict: 'fail',
    code: 'no_receipt',
    reason: expect.stringMatching(/standard records: no receipt for 25 s\)$/),
    advice: expect.stringContaining('half open'),
  });
});

test('one stream that is stuck fails the layer though the other one moves', () => {
  const moving = { lastReceiptAtMs: 499_999, waitingSinceMs: 499_999 };
  expect(verdictOf([moving, { stream: 'schedule_two', waitingSinceMs: 470_000 }])).toMatchObject({
    verdict: 'fail',
    reason: expect.stringContaining('Schedule II: no receipt for 30 s'),
  });
});

test('a stream that was stopped fails at once while something waits', () => {
  const stopped = { stopped: true, lastFault: 'unauthorised' };
  expect(verdictOf([{ ...stopped, waitingSinceMs: 499_999 }])).toMatchObject({
    verdict: 'fail',
    code: 'token_refused',
  });
  expect(verdictOf([stopped]).verdict).not.toBe('fail');
});

test('after an outage the wait counts from when the heartbeat passes again', () => {
  const waiting = { waitingSinceMs: 100_000, lastReceiptAtMs: 99_000, lastFault: 'not_connected' };
  expect(verdictOf([waiting], 475_001).verdict).toBe('ok');
  expect(verdictOf([waiting], 475_000)).toMatchObject({
    verdict: 'fail',
    reason: expect.stringContaining('no receipt for 400 s'),
  });
});

describe('the fault', () => {
  test.each([
    ['timed_out', 'records_unanswered'],
    ['not_json', 'answers_prove_nothing'],
    ['no_receipt', 'answers_prove_nothing'],
    ['no_service', 'no_service'],
    ['refused', 'records_refused'],
    ['http_302', 'redirected'],
    ['http_409', 'places_differ'],
    ['http_429', 'pms_busy'],
    ['http_500', 'pms_error'],
    ['a_fault_of_tomorrow', 'delivery_failed'],
  ])('%s is told as %s', (lastFault, code) => {
    expect(verdictOf([{ waitingSinceMs: 0, lastFault }])).toMatchObject({
      code,
      reason: expect.stringContaining(lastFault),
    });
  });

  test('without a heartbeat it is that of a layer below', () => {
    expect(verdictOf([{ waitingSinceMs: 0, lastFault: 'not_connected' }], null).code).toBe('below_failed');
  });
});
