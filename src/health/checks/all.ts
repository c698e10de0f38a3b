/** Every check, in the order an operator reads them. */
import type { Snapshot } from '../snapshot.ts';
import { accessChecks } from './access.ts';
import { archiveChecks } from './archive.ts';
import { boxChecks } from './box.ts';
import { type Check, type CheckStatus, worst } from './check.ts';
import { clockChecks } from './clock.ts';
import { deliveryChecks } from './delivery.ts';
import { diskChecks } from './disk.ts';
import { externalChecks } from './external.ts';
import { intakeChecks } from './intake.ts';
import { laneChecks } from './lanes.ts';
import { linkChecks } from './link.ts';
import { mirrorChecks } from './mirror.ts';
import { proofChecks } from './proofs.ts';
import { pushChecks } from './push.ts';
import { recordChecks } from './records.ts';
import { rosterChecks } from './roster.ts';
import { storageChecks } from './storage.ts';
import { trailChecks } from './trail.ts';

export interface Findings {
  readonly status: CheckStatus;
  readonly checks: readonly Check[];
}

/** Judges the facts. Pure. */
export function findingsOf(snapshot: Snapshot): Findings {
  const checkers = [
    intakeChecks,
    externalChecks,
    laneChecks,
    proofChecks,
    recordChecks,
    rosterChecks,
    linkChecks,
    trailChecks,
    clockChecks,
    storageChecks,
    diskChecks,
    mirrorChecks,
    archiveChecks,
    deliveryChecks,
    pushChecks,
    accessChecks,
    boxChecks,
  ];
  const checks = checkers.flatMap((checker) => checker(snapshot));
  return { status: worst(checks.map((check) => check.status)), checks };
}
