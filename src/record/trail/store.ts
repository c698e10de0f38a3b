/** What happens to the trail itself: its segments, checkpoints and witnesses. */
import { z } from 'zod';
import { bytes, code, digest, lane, number, text, utcMs, word, yesNo } from './words.ts';

export const STORE_KINDS = {
  segment: z.strictObject({ hash: digest, n: number }).describe('Leaf of the framing line of segment `n`.'),
  trail_key: z
    .strictObject({ key: text(1024), origin: word })
    .describe('The verifier key ([below](#checkpoints)) by which checkpoints are signed from here on.'),
  cp: z
    .strictObject({ note: text(8192) })
    .describe("A checkpoint of this trail, signed note and all; its size is at most the entry's own index."),
  cosigned: z
    .strictObject({ cosignature: text(8192), size: number })
    .describe("A witness's signature line under the checkpoint of that size."),
  witness_key: z
    .strictObject({ how: z.enum(['configured', 'first_seen']), key: text(1024) })
    .describe('The verifier key by which the PMS cosigns from here on.'),
  lane_witness: z
    .strictObject({
      lane,
      log: z.enum(['audit', 'schedule_two']).nullable(),
      size: number.nullable(),
      verdict: z.enum(['consistent', 'ahead', 'fork', 'not_ours']),
    })
    .describe(
      'A lane carried back a checkpoint, and what the trail finds about it; of one that is not ours nothing is repeated. Not every time: see `src/intake/lane-echo.ts`.',
    ),
  tail_lost: z
    .strictObject({ by: z.enum(['signer', 'buffer', 'segments', 'lane', 'pms']), have: number, known: number })
    .describe('Somebody has seen `known` entries, here there are `have`.'),
  fork: z
    .strictObject({ by: z.enum(['signer', 'buffer', 'segments', 'lane', 'pms']), root: bytes, size: number })
    .describe('Somebody holds a checkpoint of that size with another root.'),
  trail_fault: z
    .strictObject({ code, n: number, step: z.enum(['open', 'write', 'sync', 'seal']) })
    .describe(
      'Segment `n` was abandoned; with step `seal` it could not be sealed then, which takes nothing from what it holds.',
    ),
  backup: z
    .strictObject({ bytes: number, hash: digest, records: number, sizes: z.tuple([number, number]), with_keys: yesNo })
    .describe(
      'A backup was made: length and SHA-256 of the file, records and sizes of both trails in it, and whether private keys are.',
    ),
  upload: z
    .union([
      z.strictObject({ bytes: number, file: text(64), hash: digest, step: z.literal('begin'), until_ms: utcMs }),
      z.strictObject({
        already: yesNo,
        bytes: number,
        file: text(64),
        hash: digest,
        step: z.literal('stored'),
        version: text(1024).nullable(),
      }),
      z.strictObject({ code, file: text(64).nullable(), step: z.literal('failed') }),
    ])
    .describe(
      'A closed segment or archive file is about to leave for the object store, to be locked there until then; the store has it, locked, with this SHA-256 (`already`: it was there; `version`: what the store calls it); or uploads fail with another code than before.',
    ),
  restored: z
    .strictObject({ backup: digest, made_ms: utcMs, signed: yesNo })
    .describe(
      'What follows was written by a gateway put back from a backup: SHA-256 of its manifest, and when it was made; what came after that in the life before is not here. In both trails, behind `epoch`.',
    ),
} as const;
