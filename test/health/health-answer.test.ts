import { expect, test } from 'vitest';
import { findingsOf } from '../../src/health/checks/all.ts';
import { healthAnswer, httpStatusOf } from '../../src/health/health-answer.ts';
import { snapshotOf, withPending } from './facts.ts';

const answerOf = (snapshot = snapshotOf()) => healthAnswer(snapshot, findingsOf(snapshot));

test('the form of draft-inadarei-api-health-check-06', () => {
  const answer = answerOf();
  expect(answer).toMatchObject({ status: 'pass', version: '1', releaseId: '0.1.0', serviceId: 'gw-0042' });
  expect(answer).not.toHaveProperty('output');
  expect(answer.checks['records:pending']).toHaveLength(5);
  for (const [name, entries] of Object.entries(answer.checks)) {
    expect(name).toContain(':');
    for (const entry of entries) {
      expect(entry).toMatchObject({
        time: '2026-11-22T09:00:00.000Z',
        status: expect.stringMatching(/^(pass|warn|fail)$/),
      });
      expect(entry).not.toHaveProperty('name');
    }
  }
});

test('what is not well stands on top as well', () => {
  const answer = answerOf(snapshotOf(withPending('II', 600_000)));
  expect(answer.status).toBe('warn');
  expect(answer.output).toMatch(/^records:oldestPending: Record 121 has waited for the PMS for 10 min/);
});

test('only a failure is 503', () => {
  expect(['pass', 'warn', 'fail'].map((word) => httpStatusOf(word as 'pass'))).toEqual([200, 200, 503]);
});
