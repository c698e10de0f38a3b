/** What only Schedule II has: reconciliation runs with their manifests, and the roster records are judged by. */
import { z } from 'zod';
import { bytes, digest, number, sequence, state, text, utc, word } from './words.ts';

const run = z.int().min(1);

const manifestRecord = z
  .tuple([
    sequence,
    sequence.nullable(),
    digest,
    digest.nullable(),
    z.array(word),
    state,
    text(128).nullable(),
    text(128).nullable(),
    utc,
  ])
  .meta({ trailWord: '[…]' });

const statement = z
  .strictObject({
    began_at_utc: utc,
    checkpoint: text(8192).nullable(),
    dea_registration: word.nullable(),
    ended: z.enum(['drained', 'interrupted']),
    ended_at_utc: utc,
    epoch: text(8),
    gateway_id: word,
    outcomes: z.partialRecord(state, number).meta({ trailWord: '{state:n}' }),
    parts: z.array(digest),
    records: number,
    run,
    store: word,
    trail: z.strictObject({ leaf: digest, log: z.literal('schedule_two'), size: number }),
    unsigned: number,
  })
  .meta({ trailWord: '{…}' });

export const SCHEDULE_TWO_KINDS = {
  reconciliation: z
    .strictObject({ run, step: z.enum(['begin', 'end']) })
    .describe('A reconciliation run; end only for a run without a manifest.'),
  gateway_key: z
    .strictObject({ kid: text(16), public_key: bytes })
    .describe("SPKI of the gateway's own Ed25519 key, before its first signature."),
  manifest_part: z
    .strictObject({ part: z.int().min(1), records: z.array(manifestRecord).max(100), run })
    .describe('Records of a run, see [manifests](#manifests).'),
  manifest: z
    .strictObject({ signature: text(4096), statement })
    .describe('The signed statement that ends a run, see [manifests](#manifests).'),
  roster: z
    .strictObject({ hash: digest, keys: number, people: number, second_signer: word, signature: word })
    .describe('SHA-256 of the roster file by which Schedule II records are judged from here on, and the settings.'),
} as const;
