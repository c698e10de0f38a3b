/**
 * The open beginning of a backup file: what it is, and for whom its key is wrapped (docs/FORMATS.md, "Backups").
 *
 *   "counterfoil-backup/1" LF  |  length, 4 bytes big-endian  |  header, JSON  |  SHA-256 of all before, 32 bytes
 */
import { hash, hkdfSync, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { damaged, wrongKey } from './faults.ts';
import { type Recipient, recipientSchema, unwrapWithKey, unwrapWithPassphrase } from './recipients.ts';
import type { ReadAt } from './sealing.ts';

const MAGIC = Buffer.from('counterfoil-backup/1\n');
const LENGTH_BYTES = 4;
const HASH_BYTES = 32;
const MAX_HEADER_BYTES = 64 * 1024;
export const FILE_KEY = 'counterfoil backup file key';

const headerSchema = z.strictObject({ recipients: z.array(recipientSchema).min(1).max(16) });

export interface Header {
  readonly recipients: readonly Recipient[];
  /** Of everything before the sealed stream: the stream's key hangs on it. */
  readonly hash: Buffer;
  /** Where the sealed stream begins. */
  readonly end: number;
}

/** What opens a backup. */
export type Unlock = { readonly key: KeyObject } | { readonly passphrase: string };

/** The bytes before the sealed stream. */
export function formatHeader(recipients: readonly Recipient[]): { readonly bytes: Buffer; readonly hash: Buffer } {
  const json = Buffer.from(JSON.stringify({ recipients }));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(json.length);
  const open = Buffer.concat([MAGIC, length, json]);
  const digest = hash('sha256', open, 'buffer');
  return { bytes: Buffer.concat([open, digest]), hash: digest };
}

/** @throws CounterfoilError `backup_damaged` for any other file, and for a header that was changed. */
export function readHeader(read: ReadAt): Header {
  const start = read(0, MAGIC.length + LENGTH_BYTES);
  if (!start.subarray(0, MAGIC.length).equals(MAGIC))
    throw damaged('it does not begin as a backup of this format does');
  const bytes = start.length === MAGIC.length + LENGTH_BYTES ? start.readUInt32BE(MAGIC.length) : MAX_HEADER_BYTES + 1;
  if (bytes > MAX_HEADER_BYTES) throw damaged('its header is not the one written');
  const open = read(0, start.length + bytes);
  const told = read(open.length, HASH_BYTES);
  const digest = hash('sha256', open, 'buffer');
  if (!digest.equals(told)) throw damaged('its header is not the one written');
  const parsed = headerSchema.safeParse(JSON.parse(open.toString('utf8', start.length)));
  if (!parsed.success) throw damaged('its header is of a kind this program does not know');
  return { recipients: parsed.data.recipients, hash: digest, end: open.length + HASH_BYTES };
}

/** The key of the sealed stream. Bound to the header, so nobody can put another list of recipients before it. */
export function streamKey(fileKey: Uint8Array, headerHash: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', fileKey, headerHash, 'counterfoil backup stream', 32));
}

/** The file's key. @throws CounterfoilError `backup_key_wrong`. */
export function unlockHeader({ recipients }: Header, unlock: Unlock): Buffer {
  for (const recipient of recipients) {
    const fileKey =
      'key' in unlock
        ? unwrapWithKey(recipient, unlock.key, FILE_KEY)
        : unwrapWithPassphrase(recipient, unlock.passphrase, FILE_KEY);
    if (fileKey !== null) return fileKey;
  }
  const kinds = recipients.map((recipient) =>
    recipient.kind === 'scrypt' ? 'a passphrase' : `the recovery key whose public half has SHA-256 ${recipient.key}`,
  );
  const what = 'key' in unlock ? 'this key does not open the backup' : 'this passphrase does not open the backup';
  throw wrongKey(what, `It opens with ${kinds.join(', or with ')}.`);
}
