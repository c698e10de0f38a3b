/** Metrics of the tills. Lanes are not labels: health and status name those that need somebody. */
import { silentLanes } from '../checks/lanes.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Metric } from './metric.ts';

export function laneMetrics(snapshot: Snapshot): Metric[] {
  const { lanes } = snapshot.intake;
  return [
    gauge('lanes_seen', 'Lanes that have published since the start.', lanes.length),
    gauge('lanes_silent', 'Lanes that are away while others publish.', silentLanes(snapshot).length),
    gauge('lanes_with_gap', 'Lanes that have left out numbers.', lanes.filter(({ missing }) => missing > 0).length),
    gauge(
      'lane_records_missing',
      'Numbers that lanes have left out and not sent since; counted since the start.',
      lanes.reduce((sum, { missing }) => sum + missing, 0),
    ),
  ];
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, help, kind: 'gauge', samples: [{ labels: {}, value }] };
}
