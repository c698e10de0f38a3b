/** How tills prove who they are: certificates that end, that are let in by grace, that were copied, that were revoked. */

import type { EnrolmentFacts, LaneProofFacts } from '../proof-facts.ts';
import type { Snapshot } from '../snapshot.ts';
import { DAY_MS, daysLeft, lastingVerdict, warningOf } from './certificate.ts';
import { type Check, type Checker, span, verdict } from './check.ts';

/** Most lanes that are named for one thing; the counts name them all. */
const MOST_NAMED = 32;
/** After its end a lane's certificate is let in for so long. */
const GRACE_DAYS = 30;

type Base = Pick<Check, 'name' | 'componentId' | 'componentType' | 'observedValue' | 'observedUnit'>;

export const proofChecks: Checker = (snapshot) => {
  const { enrolment } = snapshot;
  if (enrolment === null) return [];
  return [
    ...troubleCheck(enrolment),
    ...endings(snapshot, enrolment),
    ...named(enrolment.lanes, 'lanes:grace', ({ grace }) => grace !== null, graceWords),
    ...named(enrolment.lanes, 'lanes:twoPlaces', ({ isTwice }) => isTwice, twiceWords),
    ...named(enrolment.lanes, 'lanes:revokedKnocks', ({ isKnocking }) => isKnocking, knockWords),
    ...authorityChecks(snapshot, enrolment),
    ...listenerChecks(snapshot, enrolment),
  ];
};

/** Lanes whose certificate is about to end, or has. */
function endingLanes({ enrolment, nowMs }: Pick<Snapshot, 'enrolment' | 'nowMs'>): readonly LaneProofFacts[] {
  const lanes = enrolment?.lanes ?? [];
  return lanes.filter(({ certificate }) => certificate !== null && warningOf(certificate, nowMs) !== null);
}

function troubleCheck({ trouble }: EnrolmentFacts): Check[] {
  if (trouble === null) return [];
  const output = `${trouble}. Tills that are enrolled are served; none can be enrolled or revoked. Put the file right or restore it, then start again.`;
  return [{ name: 'lanes:register', componentType: 'component', observedValue: 'unusable', status: 'fail', output }];
}

/** One check for each that ends soon, and the days of the first to end for all of them. */
function endings(snapshot: Snapshot, { lanes }: EnrolmentFacts): Check[] {
  const { nowMs } = snapshot;
  const days = lanes.flatMap(({ certificate }) => (certificate === null ? [] : [daysLeft(certificate.untilMs, nowMs)]));
  if (days.length === 0) return [];
  const base: Base = { name: 'lanes:certificate', componentType: 'component', observedValue: 0, observedUnit: 'd' };
  const each = endingLanes(snapshot)
    .slice(0, MOST_NAMED)
    .flatMap((lane) => {
      if (lane.certificate === null) return [];
      const observedValue = daysLeft(lane.certificate.untilMs, nowMs);
      const leftMs = lane.certificate.untilMs + GRACE_DAYS * DAY_MS - nowMs;
      const expired = leftMs > 0 ? `it is let in for ${span(leftMs)} more.` : 'it is kept out.';
      const remedy =
        'A till renews by itself: look whether it reaches the enrolment port and what it logs; else give it a new code (counterfoil lane enroll).';
      const words = lastingVerdict(`The certificate of ${lane.lane}`, lane.certificate, nowMs, { expired, remedy });
      return [{ ...base, componentId: lane.lane, observedValue, ...words }];
    });
  return [...each, { ...base, name: 'lanes:certificateFirst', observedValue: Math.min(...days), status: 'pass' }];
}

function named(
  lanes: readonly LaneProofFacts[],
  name: string,
  is: (lane: LaneProofFacts) => boolean,
  words: (lane: LaneProofFacts) => string,
): Check[] {
  const found = lanes.filter(is);
  const each = found.slice(0, MOST_NAMED).map((lane): Check => {
    const base: Base = { name, componentId: lane.lane, componentType: 'component', observedValue: true };
    return { ...base, ...verdict({ status: 'warn', output: words(lane) }) };
  });
  return [...each, { name: `${name}Count`, componentType: 'component', observedValue: found.length, status: 'pass' }];
}

function graceWords({ grace, lane }: LaneProofFacts): string {
  return grace === 'expired'
    ? `${lane} works with a certificate that has ended, by the rule of grace; its records are flagged. Enrol it again (counterfoil lane enroll) before it is kept out.`
    : `${lane} works with a certificate that is not valid yet by this gateway's clock; its records are flagged. Put the clock right.`;
}

function twiceWords({ lane }: LaneProofFacts): string {
  return `${lane} is at work from two addresses at once: its key may have been copied. The trail (kind lane_twice) says from where. If the till was not just moved: counterfoil lane revoke ${lane}, then enrol the real one again.`;
}

function knockWords({ lane }: LaneProofFacts): string {
  return `Somebody has tried to get in as ${lane} with a revoked certificate in the last day. The trail (kind lane_refused) says from where: find that device.`;
}

function authorityChecks({ nowMs }: Snapshot, { authorities }: EnrolmentFacts): Check[] {
  return authorities.map(({ origin, sha256, untilMs }): Check => {
    const whose = origin === 'own' ? 'The authority for lanes' : 'An authority in lane_ca_file';
    const remedy =
      origin === 'own'
        ? 'Make the next one in good time: counterfoil lane authority roll.'
        : 'Ask who keeps it for the next one, and let both stand in the file while tills change over.';
    return {
      name: 'lanes:authority',
      componentId: sha256.slice(0, 16),
      componentType: 'component',
      observedValue: daysLeft(untilMs, nowMs),
      observedUnit: 'd',
      ...lastingVerdict(whose, { untilMs }, nowMs, { expired: 'its tills are let in by grace alone.', remedy }),
    };
  });
}

function listenerChecks({ nowMs }: Snapshot, { listeners }: EnrolmentFacts): Check[] {
  return listeners.map(({ address, fromMs, untilMs }): Check => {
    const remedy = 'Put a new one into its cert_file and key_file, then send the gateway SIGHUP.';
    const words = { expired: 'tills refuse to connect.', remedy };
    return {
      name: 'intake:certificate',
      componentId: address,
      componentType: 'system',
      observedValue: daysLeft(untilMs, nowMs),
      observedUnit: 'd',
      ...lastingVerdict(`The certificate of the listener ${address}`, { fromMs, untilMs }, nowMs, words),
    };
  });
}
