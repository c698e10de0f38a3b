/** Metrics of the disks themselves. */
import type { Snapshot } from '../snapshot.ts';
import { type Metric, single } from './metric.ts';

export function diskMetrics({ disk }: Snapshot): Metric[] {
  return [
    {
      name: 'disk_read_only',
      help: 'Whether the kernel lets nobody write to a partition.',
      kind: 'gauge',
      samples: (['data', 'trail'] as const).map((place) => ({
        labels: { place },
        value: Number(disk.readOnly.includes(place)),
      })),
    },
    gauge(
      'disk_wear_ratio',
      'Share of its rated life the data disk says it has used.',
      hundredth(disk.wear?.usedPercent),
    ),
    gauge('disk_failing', 'Whether the data disk says that its end is near.', failing(disk.wear?.isFailing)),
    gauge('disk_written_bytes_per_day', 'Written by the gateway at the pace of the last day.', disk.writtenPerDayBytes),
    gauge('disk_life_seconds', 'Until the rated volume is written at that pace.', inSeconds(disk.daysLeft)),
    gauge('box_temperature_celsius', 'Temperature of the processor.', disk.boxTemperatureC),
  ];
}

const inSeconds = (days: number | null) => (days === null ? null : days * 86_400);
const hundredth = (percent: number | null | undefined) => (percent == null ? null : percent / 100);
const failing = (isFailing: boolean | undefined) => (isFailing === undefined ? null : Number(isFailing));

function gauge(name: string, help: string, value: number | null): Metric {
  return { name, help, kind: 'gauge', samples: single(value) };
}
