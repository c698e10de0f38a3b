/** What happens to records and to publishes that became none, and what people do about them. */
import { z } from 'zod';
import {
  code,
  difference,
  digest,
  flagBits,
  hexDigest,
  lane,
  number,
  schedule,
  sequence,
  state,
  stream,
  text,
  utcMs,
  word,
} from './words.ts';

const moved = [sequence, sequence.nullable(), state, digest] as const;
/** One record's step: `[sequence, stream_sequence, state, payload_hash]`. */
const step = z
  .union([z.tuple([...moved]), z.tuple([...moved, z.literal('unproved')]), z.tuple([...moved, text(128), text(128)])])
  .meta({ trailWord: '[sequence,stream_sequence,state,payload_hash,…]' });

const taken = z
  .tuple([sequence, lane, schedule, digest, digest, utcMs, number, flagBits])
  .meta({ trailWord: '[sequence,lane,schedule,lane_hash,payload_hash,received_ms,clock,flags]' });

const subject = z
  .tuple([z.enum(['record', 'evidence']), sequence, state, state, digest, sequence.nullable()])
  .meta({ trailWord: '[of,number,from,to,hash,stream_sequence]' });

const signedAct = {
  act: word,
  by: word,
  key_id: word,
  meaning: text(1024),
  signed_ms: utcMs,
  statement: digest,
};

/** A look through many records: who, and which of its two entries it is known by. */
const look = { by: word.nullable(), look: text(16), of: z.literal('records'), way: z.enum(['search', 'export']) };

const access = z.union([
  z.strictObject({
    by: word.nullable(),
    hash: hexDigest,
    number: sequence,
    of: z.enum(['record', 'evidence']),
    way: z.enum(['review']),
  }),
  z.strictObject({ ...look, filter: z.hex().length(32).meta({ trailWord: 'hex' }), kinds: z.array(code) }),
  z.strictObject({ ...look, count: number }),
]);

/** A month of one stream: its files, its records, the hash over its files. */
const month = z
  .tuple([stream, text(7), number, number, digest])
  .meta({ trailWord: '[stream,month,files,records,hash]' });

export const RECORD_KINDS = {
  intake: z
    .strictObject({
      records: z.array(taken).min(1).max(256),
    })
    .describe('Records were taken in one commit, see above.'),
  refused: z
    .strictObject({ codes: z.array(code), hash: digest, lane })
    .describe('A publish is no record: codes of the reasons, and lane_hash or SHA-256 of its bytes.'),
  conflict: z
    .strictObject({ lane, lane_hash: digest, sequence: difference })
    .describe(
      'A publish names a key that another record holds: the hash refused, and the number of that record (not above 0 for one before this epoch).',
    ),
  duplicates: z
    .strictObject({ lanes: z.array(z.tuple([lane, z.int().min(1)]).meta({ trailWord: '[lane,n]' })).max(256) })
    .describe(
      'Publishes that were answered `duplicate` since the entry of this kind before, by lane. Told each hour and at the end; what was counted since is gone with the power.',
    ),
  discarded: z
    .strictObject({ count: number, hash: digest.nullable(), lane })
    .describe(
      'The 1st, 2nd, 4th, 8th … publish of a lane that was acknowledged and not kept, because its evidence is full (external broker only).',
    ),
  settle: z
    .strictObject({ records: z.array(step).min(1).max(100) })
    .describe(
      "The PMS's checked answer moved records. A verified Schedule II record has verifier and time behind its hash; one settled without key and hash the word `unproved`.",
    ),
  quarantine: z
    .strictObject({ records: z.array(step).min(1).max(100) })
    .describe('Stored bytes no longer match their hash; as settle.'),
  gap_noted: z
    .strictObject({ sequences: z.array(sequence).min(1).max(100) })
    .describe('The PMS has noted the gap markers of these records.'),
  hold: z
    .strictObject({ sequences: z.array(sequence).min(1).max(256) })
    .describe('Records taken in the same commit start HELD.'),
  review: z
    .strictObject({
      ...signedAct,
      correction: sequence.optional(),
      step: z.enum(['release', 'dismiss', 'resolve']),
      subjects: z.array(subject).max(200),
    })
    .describe(
      'A signed act: `by` is the printed name, `statement` the SHA-256 of what was signed. Each trail tells of its own subjects.',
    ),
  epoch: z
    .strictObject({
      act: signedAct.act.nullable(),
      by: signedAct.by.nullable(),
      key_id: signedAct.key_id.nullable(),
      meaning: signedAct.meaning.nullable(),
      signed_ms: signedAct.signed_ms.nullable(),
      statement: signedAct.statement.nullable(),
      carried: number,
      epoch: text(8),
      predecessor: text(8),
      reason: word,
    })
    .describe(
      'A new epoch, opened by a signed act; null in its place where the buffer was restored and nobody has signed. In both trails, which go on across epochs.',
    ),
  access: access.describe(
    'Somebody looks at the content of a record or of evidence, or through many records: then one entry before anything is read, with the kinds of condition and the keyed hash of the filter (SHA-256 over the data key of purpose 2, `filter` 00 and the filter, first 16 bytes), and one after it with how many were shown; in `schedule_two` too when Schedule II could be among them. `by` is what the command said, not proved.',
  ),
  archive: z
    .strictObject({
      bytes: number,
      file: text(64),
      first: difference,
      frame: number,
      hash: digest,
      last: difference,
      records: number,
    })
    .describe(
      'A frame of archived records is synced in its file, see [the archive](#the-archive); in the trail of its stream.',
    ),
  expire: z
    .strictObject({
      act: word,
      by: z
        .array(z.strictObject({ key_id: word, meaning: text(1024), name: word, signed_ms: utcMs, statement: digest }))
        .length(2),
      months: z.array(month).min(1).max(288),
    })
    .describe('Two people have archived months destroyed; in both trails.'),
  training: z
    .strictObject({ lane, until_ms: utcMs.nullable() })
    .describe('A lane is in training until then; null: no more.'),
  practice: z
    .strictObject({ hash: digest, lane, status: z.enum(['accepted', 'conflict', 'refused']) })
    .describe('A lane in training published a practice record.'),
} as const;
