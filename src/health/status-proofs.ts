/** How lanes prove who they are, as `/api/v1/status` answers it. */
import { toUtcText } from '../base/clock.ts';
import { daysLeft } from './checks/certificate.ts';
import type { Snapshot } from './snapshot.ts';
import type { GatewayStatus } from './status-schema.ts';

export function proofsPart({ enrolment, nowMs }: Snapshot): GatewayStatus['lanes']['proofs'] {
  if (enrolment === null) return null;
  const end = (untilMs: number) => ({ until_utc: toUtcText(untilMs), days_left: daysLeft(untilMs, nowMs) });
  return {
    trouble: enrolment.trouble,
    authorities: enrolment.authorities.map(({ origin, sha256, untilMs }) => ({ origin, sha256, ...end(untilMs) })),
    listeners: enrolment.listeners.map(({ address, untilMs }) => ({ address, ...end(untilMs) })),
    list: enrolment.lanes.map(({ certificate, grace, isKnocking, isTwice, lane, state }) => ({
      lane,
      state,
      certificate_until_utc: certificate === null ? null : toUtcText(certificate.untilMs),
      certificate_days_left: certificate === null ? null : daysLeft(certificate.untilMs, nowMs),
      grace,
      two_places: isTwice,
      revoked_knocks: isKnocking,
    })),
    refused: { ...enrolment.refused },
  };
}
