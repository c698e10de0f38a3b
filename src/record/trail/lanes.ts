/** Which lane was known by what: invitations, certificates, revocations, and who was turned away. */
import { z } from 'zod';
import { code, digest, lane, number, text, utcMs } from './words.ts';

/** What the command line said about who calls it; not proved. */
const by = text(64).nullable();
const address = text(64);

export const LANE_KINDS = {
  lanes: z
    .strictObject({ authority: digest.nullable(), hash: digest, lanes: number })
    .describe(
      'At each start with lanes that were enrolled: SHA-256 of `lanes.json` and of the authority’s certificate. Another `hash` than after the last entry that has one says that the file was changed behind the gateway’s back.',
    ),
  lane: z
    .strictObject({
      by,
      change: z.enum(['invited', 'password', 'revoked', 'admitted']),
      hash: digest,
      lane,
      until_ms: utcMs.nullable(),
    })
    .describe(
      'A lane is about to be invited (`until_ms`: end of its one-time code), given a password, revoked with all it has, or let in again by name. `hash` of `lanes.json` as it will be; `by` is the account at the command line, not proved.',
    ),
  lane_certificate: z
    .strictObject({
      address,
      certificate: digest,
      hash: digest,
      lane,
      until_ms: utcMs,
      way: z.enum(['code', 'renewal']),
    })
    .describe(
      'A certificate (SHA-256) is about to be given to a lane, for its one-time code or for the certificate it has.',
    ),
  lane_known: z
    .strictObject({
      address,
      authority: text(256).nullable(),
      certificate: digest.nullable(),
      dates: z.enum(['valid', 'expired', 'not_yet_valid']),
      lane,
      way: z.enum(['certificate', 'password']),
    })
    .describe(
      'A lane has connected with this certificate (SHA-256, and the name of its issuer; null for a password), these `dates` and from this address for the first time since the start. `dates` other than valid: let in by the rule of grace, and its records are flagged. More than 64 such ways of one lane are told seldom.',
    ),
  lane_refused: z
    .strictObject({ address, certificate: digest.nullable(), count: number, lane: lane.nullable(), reason: code })
    .describe(
      'A connection was turned away: the 1st, 2nd, 4th, 8th … with this reason since the start. A name that no lane has is not repeated.',
    ),
  lane_twice: z
    .strictObject({ address, count: number, lane, other: address })
    .describe(
      'A lane is connected from two addresses at once, the 1st, 2nd, 4th, 8th … time since the start: its certificate was perhaps copied.',
    ),
  enroll_refused: z
    .strictObject({ address, count: number, reason: code })
    .describe('An enrolment or renewal was refused: the 1st, 2nd, 4th, 8th … since the start.'),
} as const;
