/** What happens to the gateway itself: its starts and ends, its clock, the way to the PMS, the broker it consumes from. */
import { z } from 'zod';
import {
  code,
  difference,
  digest,
  hexDigest,
  number,
  sequence,
  stream,
  text,
  utc,
  utcMs,
  word,
  yesNo,
} from './words.ts';

const quality = z.enum(['unknown', 'synchronised', 'unsynchronised']);
const link = z.enum(['ONLINE', 'DEGRADED', 'OFFLINE']);
const mode = z.enum(['NORMAL', 'FALLBACK', 'RECONCILING', 'CAPTURE']);

const level = z.enum(['CLOSED', 'HALF_OPEN', 'OPEN', 'RESERVE', 'FULL']);
const measure = z.enum(['buffer_disk', 'trail_disk', 'buffer_bytes', 'records']);

const change = z.strictObject({
  changes: number,
  code: code.nullable(),
  layer: z.enum(['dns', 'tcp', 'tls', 'heartbeat', 'delivery']),
  verdict: z.enum(['ok', 'fail']),
});

export const GATEWAY_KINDS = {
  unclean_end: z
    .strictObject({ same_boot: yesNo, start: number })
    .describe(
      'The gateway that wrote entry `start` had no clean end; `same_boot`: the machine has not been started since.',
    ),
  boot: z
    .strictObject({ previous: word.nullable() })
    .describe(
      'The first start since the machine was started (its boot id is `b`); `previous` is the boot before, if known.',
    ),
  update: z.strictObject({ from: word, to: word }).describe('Another version of the program than at the start before.'),
  configuration: z
    .strictObject({ changed: z.array(word).nullable(), hash: digest })
    .describe(
      'Another configuration than at the start before: SHA-256 of all its settings in RFC 8785 form, and the names of those that differ; null at the first start.',
    ),
  configuration_reload: z
    .strictObject({ applied: z.array(word), hash: digest, waiting: z.array(word) })
    .describe(
      'The configuration was read again in the run: the names of settings that are in force from here on, those that wait for a restart, and the hash of all that are in force, as in `configuration`.',
    ),
  start: z
    .strictObject({ ended: z.enum(['clean', 'unclean', 'unknown']), version: word })
    .describe('The gateway starts; how the one before it ended; `unknown`: no start before it has been written down.'),
  stop: z.strictObject({}).describe('Its clean end: nothing it had taken is unanswered.'),
  closing: z
    .strictObject({
      meaning: text(1024),
      open: number,
      reason: code.nullable(),
      records: number,
      signed: z
        .array(z.strictObject({ by: word, key_id: word, signature: text(1024), signed_ms: utcMs, statement: digest }))
        .max(2),
    })
    .describe(
      'People begin to close the gateway for good: who, over which statement (its SHA-256), with how many records in the buffer and how many of them open. In both trails; again where a closing was interrupted.',
    ),
  closed: z
    .strictObject({ backup: digest, report: digest })
    .describe(
      'Its last act: everything is exported and verified, SHA-256 of the final backup and of the closing report; the keys are destroyed after it. In both trails.',
    ),
  clock: z
    .strictObject({
      doubt: code.optional(),
      from: quality,
      offset_ms: difference.optional(),
      source: z.enum(['ntp', 'pms', 'none']),
      to: quality,
      uncertainty_ms: number.optional(),
    })
    .describe('The quality of the clock has changed; members that are not known are absent.'),
  clock_step: z
    .strictObject({ by_ms: difference, count: number, from: utc, to: utc })
    .describe('Somebody set the wall clock; several steps within a minute are told together.'),
  link: z
    .strictObject({ from: link, reason: code, to: link })
    .describe('The word about the link; `reason` is layer and code of the lowest failure, empty for none.'),
  link_layer: z
    .strictObject({ layers: z.array(change) })
    .describe("Layers whose verdict or code has changed; `changes` counts since the layer's last entry."),
  mode: z
    .strictObject({ from: mode, lasted_ms: number, reasons: z.array(code), to: mode })
    .describe('How far the PMS is behind has changed.'),
  breaker: z
    .strictObject({ by: measure, from: level, lasted_ms: number, share_permille: number, to: level })
    .describe('The storage breaker: who is taken in has changed; `by`: what is short.'),
  deferred: z
    .strictObject({ controlled: number, other: number, schedule_two: number })
    .describe(
      'Publishes that were not taken since the entry of this kind before: no room. Told each minute, and at a change.',
    ),
  report_delivery: z
    .union([
      z.strictObject({ id: code, step: z.literal('queued'), target: code }),
      z.strictObject({ code, id: code, step: z.literal('failed'), target: code }),
      z.strictObject({
        attempts: number,
        files: z.array(digest).max(16),
        id: code,
        step: z.literal('delivered'),
        target: code,
      }),
      z.strictObject({ by: word.nullable(), id: code, step: z.literal('dropped'), target: code }),
    ])
    .describe(
      'A report waits for a target; it fails with another code than before; the target has taken its files, by their SHA-256; or a person has taken it out (`by`: the account at the command line, not proved).',
    ),
  report_signed: z
    .strictObject({
      by: word,
      figures: digest,
      id: code,
      key_id: word,
      meaning: text(1024),
      signature: text(1024),
      signed_ms: utcMs,
    })
    .describe(
      'A person signs a report: printed name, meaning, SHA-256 of its figures, and the detached JWS over [the statement](#signatures-under-reports).',
    ),
  report: z
    .union([
      z.strictObject({ from_ms: utcMs, kind: code, step: z.literal('begin'), to_ms: utcMs }),
      z.strictObject({ figures: digest, holds: yesNo, id: code, step: z.literal('made') }),
    ])
    .describe(
      'A report of that window is about to be made; or it is there: its name, the SHA-256 of its figures, and whether the trail held.',
    ),
  intake_source: z
    .strictObject({
      acknowledge: z.enum(['after_commit', 'after_sync']),
      client_id: word,
      identity: z.literal('broker_acl'),
      role: z.enum(['single', 'active', 'standby']),
      source: z.literal('external'),
      url: text(1024),
    })
    .describe("At each start with an external broker: from here on, who a lane is, is the broker's word."),
  intake_session: z
    .strictObject({ lost: yesNo, session_present: yesNo, took_over: yesNo })
    .describe('The gateway consumes; `lost`: the broker had forgotten a session that was in use.'),
  intake_taken_over: z.strictObject({ count: number }).describe('Another gateway consumes.'),
  intake_contested: z.strictObject({ sessions: number }).describe('Two gateways throw each other out at the broker.'),
} as const;

/** The way of records to the PMS. */
export const SYNC_KINDS = {
  sync_attempt: z
    .strictObject({
      batch: hexDigest,
      bytes: number,
      count: number,
      first: sequence,
      last: sequence,
      stream,
      trial: sequence.optional(),
    })
    .describe(
      'A request is about to leave: `batch` is the SHA-256 of its body (its answer names the same), `first` and `last` are stream sequences; the same batch again is a retry. `trial`: it is a marker in place of this record.',
    ),
  sync_lookup: z
    .strictObject({ batch: hexDigest, count: number, stream })
    .describe('The PMS is asked what it has under that many keys.'),
  sync_answer: z
    .strictObject({
      batch: hexDigest,
      expected: number.optional(),
      fault: code.optional(),
      left: number.optional(),
      ms: number,
      noted: number.optional(),
      set_aside: sequence.optional(),
      settled: number.optional(),
      status: number.optional(),
      stream,
      unknown: number.optional(),
      unproved: number.optional(),
    })
    .describe(
      'What came of a request: HTTP status, or the fault without one; records settled, markers noted, records left as they were, keys the PMS does not know, the place it asks for (`expected`).',
    ),
  sync_alarm: z
    .strictObject({ active: yesNo, alarm: code, stream })
    .describe('A stream asks for a person, or no more.'),
} as const;
