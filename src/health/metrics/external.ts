/** Metrics of the shop's own broker as the source of records; none when lanes connect to the gateway itself. */
import type { Snapshot } from '../snapshot.ts';
import { type Metric, oneOfWords, single } from './metric.ts';

export function externalMetrics({ intake: { external }, monotonicMs }: Snapshot): Metric[] {
  if (external === null) return [];
  const { oldestUnacknowledgedAtMs: oldest } = external;
  const ageSeconds = oldest === null ? 0 : Math.max(0, monotonicMs - oldest) / 1000;
  const standings = ['consuming', 'standby', 'waiting'] as const;
  return [
    {
      name: 'external_standing',
      help: 'Whether this gateway consumes from the broker: 1 for the word that holds.',
      kind: 'gauge',
      samples: oneOfWords('standing', standings, external.standing),
    },
    gauge('external_connected', 'Whether the connection for receipts and status is open.', Number(external.connected)),
    gauge('external_contested', 'Whether gateways throw each other out at the broker.', Number(external.contested)),
    gauge(
      'external_session_lost',
      'Whether the broker had forgotten our session since the start.',
      Number(external.sessionLost),
    ),
    gauge('external_unacknowledged', 'Publishes delivered and not acknowledged.', external.unacknowledged),
    gauge('external_oldest_unacknowledged_seconds', 'Age of the oldest of them; 0 when there is none.', ageSeconds),
    gauge('external_waiting_for_pms', 'Stored records whose publish waits for the PMS.', external.waitingForPms),
    counter('external_sessions_total', 'Sessions opened at the broker since the start.', external.sessionsTotal),
    counter('external_take_overs_total', 'Times another gateway has taken over.', external.takeOversTotal),
    counter('external_discarded_total', 'Publishes acknowledged and not kept: evidence full.', external.discardedTotal),
    counter(
      'external_receipts_dropped_total',
      'Receipts left out because too many waited for the broker.',
      external.receiptsDroppedTotal,
    ),
  ];
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, help, kind: 'gauge', samples: single(value) };
}

function counter(name: string, help: string, value: number): Metric {
  return { name, help, kind: 'counter', samples: single(value) };
}
