/** Metrics of the delivery of reports, by target. */
import type { Snapshot } from '../snapshot.ts';
import type { Metric } from './metric.ts';

export function deliveryMetrics({ delivery, nowMs }: Snapshot): Metric[] {
  const targets = delivery?.targets ?? [];
  if (targets.length === 0) return [];
  const of = (value: (target: (typeof targets)[number]) => number | null) =>
    targets.flatMap((target) => {
      const found = value(target);
      return found === null ? [] : [{ labels: { target: target.name }, value: found }];
    });
  return [
    {
      name: 'report_deliveries_waiting',
      help: 'Reports that wait for a target.',
      kind: 'gauge',
      samples: of(({ waiting }) => waiting),
    },
    {
      name: 'report_delivery_oldest_age_seconds',
      help: 'Age of the report that waits longest for a target.',
      kind: 'gauge',
      samples: of(({ oldestMs }) => (oldestMs === null ? 0 : Math.max(0, nowMs - oldestMs) / 1000)),
    },
    {
      name: 'report_delivery_trouble',
      help: '1 while the newest attempt at a target has failed.',
      kind: 'gauge',
      samples: of(({ fault }) => (fault === null ? 0 : 1)),
    },
  ];
}
