import { expect, test } from 'vitest';
import { deliveryChecks } from '../../../src/health/checks/delivery.ts';
import { deliveryMetrics } from '../../../src/health/metrics/delivery.ts';
import type { DeliveryFacts } from '../../../src/health/sources.ts';
import { snapshotOf } from '../facts.ts';

const GOOD = { name: 'compliance', waiting: 0, oldestMs: null, delivered: 3, lastDeliveredMs: 1, fault: null };
const of = (target: Partial<DeliveryFacts['targets'][number]>) =>
  snapshotOf({ delivery: () => ({ targets: [{ ...GOOD, ...target }] }) });

test('a gateway that sends reports nowhere says nothing of it', () => {
  expect(deliveryChecks(snapshotOf())).toEqual([]);
  expect(deliveryMetrics(snapshotOf())).toEqual([]);
});

test('a target that takes them passes; one that does not warns with what to do, and never fails the gateway', () => {
  expect(deliveryChecks(of({}))).toMatchObject([{ componentId: 'compliance', status: 'pass', observedValue: 'ok' }]);
  const fault = {
    code: 'mailbox_full',
    sinceMs: snapshotOf().nowMs - 300_000,
    attempts: 4,
    message: 'full',
    hint: 'Ask.',
  };
  const [check] = deliveryChecks(of({ waiting: 2, oldestMs: 0, fault }));
  expect(check).toMatchObject({ status: 'warn', observedValue: 'mailbox_full' });
  expect(check?.output).toBe('2 reports wait for "compliance" since 5 min: full. Ask.');
});

test('metrics by target', () => {
  const { nowMs } = snapshotOf();
  const metrics = new Map(
    deliveryMetrics(of({ waiting: 1, oldestMs: nowMs - 60_000 })).map(({ name, samples }) => [name, samples[0]]),
  );
  expect(metrics.get('report_deliveries_waiting')).toEqual({ labels: { target: 'compliance' }, value: 1 });
  expect(metrics.get('report_delivery_oldest_age_seconds')?.value).toBe(60);
  expect(metrics.get('report_delivery_trouble')?.value).toBe(0);
});
