/** What can be done to the file of lanes, each as a new file made of the old one; pure. */
import type { X509Certificate } from 'node:crypto';
import { toUtcText } from '../base/clock.ts';
import { CounterfoilError } from '../base/errors.ts';
import { GRACE_MS } from '../pki/client-verdict.ts';
import { fingerprint } from '../pki/pem.ts';
import { plainSerial } from '../pki/revocation-list.ts';
import { isTopicName } from '../record/lane-wire.ts';
import {
  type LanesFile,
  MOST_CERTIFICATES,
  MOST_LANES,
  type StoredCertificate,
  type StoredLane,
  type StoredLanePassword,
} from './schema.ts';

const EMPTY: Omit<StoredLane, 'name'> = {
  code: null,
  certificates: [],
  password: null,
  blocked: false,
  listed_only: false,
};

export function laneOf(file: LanesFile, name: string): StoredLane | null {
  return file.lanes.find((lane) => lane.name === name) ?? null;
}

/** The lane may enrol with a code of that hash until then; a code it had before is good no more. */
export function withCode(file: LanesFile, name: string, sha256: string, untilMs: number): LanesFile {
  return withLane(file, name, (lane) => ({ ...lane, code: { sha256, until_utc: toUtcText(untilMs), key: null } }));
}

/** The code was used by this key. */
export function withUsedCode(file: LanesFile, name: string, key: string): LanesFile {
  return withLane(file, name, (lane) => ({ ...lane, code: lane.code === null ? null : { ...lane.code, key } }));
}

/**
 * The lane has one certificate more. A lane that was blocked is let in again with it; what was revoked stays so. Certificates
 * of before the enrolment go on to be good: a till that renews uses the old one until it has the new one on its disk.
 */
export function withCertificate(
  file: LanesFile,
  name: string,
  certificate: X509Certificate,
  key: string,
  nowMs: number,
): LanesFile {
  const stored: StoredCertificate = {
    sha256: fingerprint(certificate).toString('hex'),
    key,
    serial: plainSerial(certificate.serialNumber),
    issued_at_utc: toUtcText(nowMs),
    until_utc: certificate.validToDate.toISOString(),
    revoked_at_utc: null,
    pem: certificate.toString(),
  };
  return withLane(file, name, (lane) => ({
    ...lane,
    certificates: pruned([...lane.certificates, stored], nowMs),
    blocked: false,
  }));
}

/** Everything the lane has is good no more: certificates, code, password. Throws `usage` for a lane nobody has heard of. */
export function withRevoked(file: LanesFile, name: string, nowMs: number): LanesFile {
  const at = toUtcText(nowMs);
  const changed = withLane(file, name, (lane) => ({
    ...lane,
    code: null,
    password: null,
    certificates: lane.certificates.map((each) => ({ ...each, revoked_at_utc: each.revoked_at_utc ?? at })),
    blocked: true,
    listed_only: true,
  }));
  return { ...changed, list_number: file.list_number + 1 };
}

/** For certificates of another authority than ours: the name is let in again. */
export function withAdmitted(file: LanesFile, name: string): LanesFile {
  const lane = laneOf(file, name);
  if (lane?.blocked !== true)
    throw new CounterfoilError('usage', `lane ${name} is not revoked`, 'Look at: counterfoil lane list.');
  return withLane(file, name, (each) => ({ ...each, blocked: false }));
}

export function withPassword(file: LanesFile, name: string, password: StoredLanePassword): LanesFile {
  return withLane(file, name, (lane) => ({ ...lane, password, blocked: false }));
}

/** Revoked certificates that a list still has to name, for the authority's CRL. */
export function revokedOf(file: LanesFile): { readonly serial: string; readonly atMs: number }[] {
  return file.lanes.flatMap(({ certificates }) =>
    certificates.flatMap(({ serial, revoked_at_utc: at }) => (at === null ? [] : [{ serial, atMs: Date.parse(at) }])),
  );
}

function withLane(file: LanesFile, name: string, change: (lane: StoredLane) => StoredLane): LanesFile {
  if (!isTopicName(name)) {
    throw new CounterfoilError('usage', 'that is no name of a lane', 'Use 1 to 64 of A-Z a-z 0-9 _ -.');
  }
  if (laneOf(file, name) !== null) {
    return { ...file, lanes: file.lanes.map((lane) => (lane.name === name ? change(lane) : lane)) };
  }
  if (file.lanes.length >= MOST_LANES) {
    throw new CounterfoilError(
      'usage',
      `there are ${MOST_LANES} lanes already`,
      'That is more than a store has tills.',
    );
  }
  return { ...file, lanes: [...file.lanes, change({ name, ...EMPTY })] };
}

/** A revoked one stays until no clock could take it for good; of the others the newest are kept. */
function pruned(certificates: readonly StoredCertificate[], nowMs: number): StoredCertificate[] {
  const isOver = ({ until_utc }: StoredCertificate) => Date.parse(until_utc) + 2 * GRACE_MS < nowMs;
  const revoked = certificates.filter((each) => each.revoked_at_utc !== null && !isOver(each));
  const others = certificates.filter(({ revoked_at_utc }) => revoked_at_utc === null).slice(-MOST_CERTIFICATES);
  // Should somebody revoke and enrol a lane without end: the oldest go, and `listed_only` keeps them out all the same.
  return [...revoked.slice(-MOST_CERTIFICATES), ...others];
}
