import { expect, test } from 'vitest';
import { diagnostics, diagnosticsSchema } from '../../src/health/diagnostics.ts';
import { bufferWith, GOOD_BUFFER, NOW_MS, snapshotOf } from './facts.ts';

test('the oldest record is the oldest, for all and by schedule', () => {
  const aged = (sequence: number, ageMs: number) => ({ sequence, receivedAtMs: NOW_MS - ageMs, ageMs, sameBoot: true });
  const snapshot = snapshotOf(
    bufferWith({
      counts: { ...GOOD_BUFFER.counts, NONE: { PENDING: 5, SYNCED: 1 }, II: { PENDING: 2, HELD: 1 } },
      oldestPending: { NONE: aged(100, 90_000), II: aged(110, 130_000) },
      refusedOpen: 4,
    }),
  );
  const answer = diagnostics(snapshot);
  expect(diagnosticsSchema.strict().parse(answer)).toEqual(answer);
  expect(answer).toMatchObject({
    queue_depth: 7,
    total_pending: 7,
    c2_pending: 2,
    oldest_pending: { sequence: 100, age_seconds: 90, late: false },
    for_a_person: { held: 1, refused: 4, conflict: 0 },
    totals: { accepted: 120, duplicates: 3, commits: 40 },
    synced: 20,
  });
  expect(answer.by_schedule).toContainEqual({
    schedule: 'II',
    pending: 2,
    oldest_pending: expect.objectContaining({ sequence: 110, age_seconds: 130, late: true }),
  });
});

test('an empty queue, and no buffer at all', () => {
  expect(diagnostics(snapshotOf())).toMatchObject({ queue_depth: 0, oldest_pending: null, epoch: '0a1b2c3d' });
  expect(diagnostics(snapshotOf({ buffer: () => null }))).toMatchObject({ epoch: null, last_sequence: 0 });
});
