import { expect, test } from 'vitest';
import type { Facts } from '../../../src/dashboard/facts.ts';
import { looker } from '../../../src/dashboard/history/look.ts';
import { GOOD_BUFFER, GOOD_LINK, NOW_MS } from '../../health/facts.ts';
import { factsOf } from '../facts.ts';

test('totals become what happened between two looks', () => {
  let facts: Facts = factsOf();
  const look = looker(() => facts);
  expect(look(0)).toMatchObject({ accepted: 0, settled: 0, offlineSeconds: 0, waiting: 0, utilisation: 0.123456 });
  facts = factsOf({
    buffer: {
      ...GOOD_BUFFER,
      acceptedTotal: GOOD_BUFFER.acceptedTotal + 7,
      counts: { ...GOOD_BUFFER.counts, II: { PENDING: 2, HELD: 1 }, IV: { PENDING: 5 } },
      oldestPending: {
        II: { sequence: 9, receivedAtMs: NOW_MS, ageMs: 4000, sameBoot: true },
        IV: { sequence: 4, receivedAtMs: NOW_MS, ageMs: 9000, sameBoot: true },
      },
      refusedOpen: 3,
    },
    streams: [{ settledTotal: 200 }],
    link: { ...GOOD_LINK, link: 'OFFLINE' },
  });
  expect(look(5)).toMatchObject({
    pending: 5,
    pendingTwo: 2,
    oldestSeconds: 9,
    oldestTwoSeconds: 4,
    accepted: 7,
    settled: 2,
    offlineSeconds: 5,
    degradedSeconds: 0,
    waiting: 4,
    seenSeconds: 5,
  });
});

test('a buffer that is not open is no reason to stop looking', () => {
  expect(looker(() => factsOf({ buffer: null, storage: null, link: null }))(5)).toMatchObject({
    pending: 0,
    utilisation: null,
    offlineSeconds: 0,
  });
});
