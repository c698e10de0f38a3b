import { expect, test } from 'vitest';
import { findingsOf } from '../../../src/health/checks/all.ts';
import { ENTERED, snapshotOf, withPending } from '../facts.ts';

test('a gateway in good health passes everything', () => {
  const { checks, status } = findingsOf(snapshotOf());
  expect(checks.filter((check) => check.status !== 'pass')).toEqual([]);
  expect(status).toBe('pass');
});

test('every finding that is not well says what to do, and none carries a field of a record', () => {
  const { buffer } = snapshotOf(withPending('II', 500_000));
  const { checks, status } = findingsOf(
    snapshotOf({
      buffer: () => buffer,
      mode: () => ({ mode: 'CAPTURE', sinceMs: 0, reasons: ['capture'], entered: ENTERED }),
    }),
  );
  expect(status).toBe('fail');
  for (const check of checks) {
    if (check.status === 'pass') expect(check.output).toBeUndefined();
    else expect(check.output?.length).toBeGreaterThan(20);
    expect(check.name).toMatch(/^[a-z]+:[a-zA-Z0-9]+$/);
    expect(JSON.stringify(check)).not.toMatch(/idempotency|prescription|patient|ndc/i);
  }
});
