/** The last entry of a backup: what is in it and what the gateway was when it was made. Everything else is held against it. */
import { z } from 'zod';
import { STATES } from '../record/types.ts';

export const MANIFEST = 'manifest.json';
export const BUFFER = 'buffer.db';
export const BOX_KEY = 'box-key.json';

/** Names that may stand in a backup; nothing is ever written outside the directories these lead to. */
const NAME =
  /^(buffer\.db|box-key\.json|manifest\.json|trail\/(audit|schedule_two)\/s\d{8}\.log|(archive|config|keys)(\/[A-Za-z0-9_-][A-Za-z0-9._-]{0,120}){1,4})$/;

export function isEntryName(name: string): boolean {
  return NAME.test(name);
}

const count = z.int().min(0);
const digest = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);

const trailSchema = z.strictObject({
  /** Entries fixed. */
  size: count,
  /** Leaf of the newest one, base64. */
  leaf: digest,
  /** How many of them stand in the segments; the others are rows of the buffer. */
  stored: count,
  /** Leaf of the last one in the segments, base64. */
  stored_leaf: digest,
  /** Newest signed note. */
  checkpoint: z.string().nullable(),
  cosigned_size: count,
});

const bufferSchema = z.strictObject({
  format: count,
  buffer_id: z.string(),
  gateway_id: z.string(),
  epoch: z.string(),
  /** Records, and publishes that became none, by state. */
  states: z.partialRecord(z.enum(STATES), count),
  records: count,
  schedule_two: count,
  last_sequence: count,
  trails: z.strictObject({ audit: trailSchema, schedule_two: trailSchema }),
  /** Rows of every table. */
  tables: z.record(z.string(), count),
});

const fileSchema = z.strictObject({ name: z.string(), bytes: count, sha256: digest });

export const manifestSchema = z.strictObject({
  manifest: z.literal(1),
  version: z.string(),
  created_at_utc: z.string(),
  store: z.string(),
  /** `wrapped`: box.key is in it, for the recovery key. */
  box_key: z.enum(['wrapped', 'absent']),
  with_keys: z.boolean(),
  buffer: bufferSchema,
  files: z.array(fileSchema),
});

export type Manifest = z.infer<typeof manifestSchema>;
/** What a buffer is, in figures that must be the same wherever it is put back. */
export type BufferFigures = z.infer<typeof bufferSchema>;
export type FileFigures = z.infer<typeof fileSchema>;
