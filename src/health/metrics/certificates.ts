/** Metrics of certificates, and of how tills prove who they are. Lanes are not labels: health and status name them. */
import { WARN_DAYS, warningOf } from '../checks/certificate.ts';
import type { EnrolmentFacts } from '../proof-facts.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Metric, Sample } from './metric.ts';

export function certificateMetrics(snapshot: Snapshot): Metric[] {
  return [
    {
      name: 'certificates_ending',
      help: 'Certificates by whose they are that end within so many days, or have ended; short-lived ones only in their last quarter.',
      kind: 'gauge',
      samples: endings(snapshot),
    },
    ...(snapshot.enrolment === null ? [] : laneMetrics(snapshot.enrolment)),
  ];
}

function endings(snapshot: Snapshot): Sample[] {
  const { enrolment, link, nowMs } = snapshot;
  const known = (untilMs: number | null | undefined) => (untilMs == null ? [] : [{ untilMs }]);
  const all = {
    authority: enrolment?.authorities ?? [],
    gateway: known(link?.clientCertificateUntilMs),
    http: known(snapshot.certificateUntilMs),
    lane: enrolment?.lanes.flatMap(({ certificate }) => certificate ?? []) ?? [],
    listener: enrolment?.listeners ?? [],
    pms: known(link?.certificateUntilMs),
  };
  return Object.entries(all).flatMap(([certificate, those]) => {
    if (those.length === 0) return [];
    const within = those.map((each) => warningOf(each, nowMs) ?? Number.POSITIVE_INFINITY);
    return WARN_DAYS.map((days) => ({
      labels: { certificate, within_days: String(days) },
      value: within.filter((least) => least <= days).length,
    }));
  });
}

function laneMetrics({ lanes, refused }: EnrolmentFacts): Metric[] {
  const ends = lanes.flatMap(({ certificate }) => (certificate === null ? [] : [certificate.untilMs / 1000]));
  const count = (name: string, help: string, is: (lane: EnrolmentFacts['lanes'][number]) => boolean): Metric => ({
    ...{ name, help, kind: 'gauge' },
    samples: [{ labels: {}, value: lanes.filter(is).length }],
  });
  return [
    {
      name: 'lane_certificate_first_expiry_timestamp_seconds',
      help: 'End of the certificate of the lane whose ends first; absent without one.',
      kind: 'gauge',
      samples: ends.length === 0 ? [] : [{ labels: {}, value: Math.min(...ends) }],
    },
    count(
      'lanes_under_grace',
      'Lanes at work with a certificate that is not valid by its dates.',
      (l) => l.grace !== null,
    ),
    count('lanes_at_two_places', 'Lanes at work from two addresses at once in the last day.', (l) => l.isTwice),
    count('lanes_revoked_knocking', 'Lanes that came with a revoked certificate in the last day.', (l) => l.isKnocking),
    {
      name: 'lane_connections_refused_total',
      help: 'Connections of lanes that were turned away, by reason.',
      kind: 'counter',
      samples: Object.entries(refused).map(([reason, value]) => ({ labels: { reason }, value })),
    },
  ];
}
