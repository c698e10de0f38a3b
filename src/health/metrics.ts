/**
 * `/metrics` in the Prometheus text format. A scrape builds its own registry from one snapshot: nothing is counted
 * here, so nothing can drift from the facts. Labels come from closed lists only; lanes and epochs are not labels.
 */
import { Counter, Gauge, Registry } from 'prom-client';
import type { Findings } from './checks/all.ts';
import { archiveMetrics } from './metrics/archive.ts';
import { boxMetrics } from './metrics/box.ts';
import { certificateMetrics } from './metrics/certificates.ts';
import { deliveryMetrics } from './metrics/delivery.ts';
import { diskMetrics } from './metrics/disk.ts';
import { externalMetrics } from './metrics/external.ts';
import { laneMetrics } from './metrics/lanes.ts';
import { linkMetrics } from './metrics/link.ts';
import type { Metric } from './metrics/metric.ts';
import { mirrorMetrics } from './metrics/mirror.ts';
import { recordMetrics } from './metrics/records.ts';
import { storageMetrics } from './metrics/storage.ts';
import { trailMetrics } from './metrics/trail.ts';
import type { Snapshot } from './snapshot.ts';

const PREFIX = 'counterfoil_';

/** Media type of the text format 0.0.4. */
export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** The metrics of one moment as text. */
export function metricsText(snapshot: Snapshot, findings: Findings): Promise<string> {
  const registry = new Registry();
  const metrics = [
    ...recordMetrics(snapshot),
    ...externalMetrics(snapshot),
    ...laneMetrics(snapshot),
    ...certificateMetrics(snapshot),
    ...linkMetrics(snapshot),
    ...trailMetrics(snapshot),
    ...storageMetrics(snapshot),
    ...diskMetrics(snapshot),
    ...archiveMetrics(snapshot),
    ...mirrorMetrics(snapshot),
    ...deliveryMetrics(snapshot),
    ...boxMetrics(snapshot, findings),
  ];
  for (const metric of metrics) if (metric.samples.length > 0) register(registry, metric);
  return registry.metrics();
}

function register(registry: Registry, { help, kind, name, samples }: Metric): void {
  const labelNames = Object.keys(samples[0]?.labels ?? {});
  const options = { name: PREFIX + name, help, labelNames, registers: [registry] };
  if (kind === 'counter') {
    const counter = new Counter(options);
    for (const { labels, value } of samples) counter.inc(labels, value);
    return;
  }
  const gauge = new Gauge(options);
  for (const { labels, value } of samples) gauge.set(labels, value);
}
