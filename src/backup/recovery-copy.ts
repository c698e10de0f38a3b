/**
 * The box key on the box's own disk once more, wrapped for the recovery key: whoever finds the disk of a dead box and has
 * the chain's private key can read it, and nobody else learns anything. A box whose board has died, or whose box.key was on
 * another medium, is no loss then.
 *
 * Written before the first lane is served. If the power goes here, there is the old copy, none, or the new one; the next
 * start writes it again.
 */

import type { KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceDurably } from '../base/durable.ts';
import { CounterfoilError } from '../base/errors.ts';
import { wrongKey } from './faults.ts';
import { isWrappedFor, type Recipient, recipientSchema, unwrapWithKey, wrapForKey } from './recipients.ts';

/** In data_dir. */
const RECOVERY_COPY = 'box.key.recovery';
const PURPOSE = 'counterfoil box key';

/** Makes it, or makes it anew when it is for another recovery key. True when it was written. Throws what the disk throws. */
export function keepRecoveryCopy(dataDir: string, boxKey: Uint8Array, recoveryKey: KeyObject): boolean {
  const path = join(dataDir, RECOVERY_COPY);
  const present = existsSync(path) ? parsed(readFileSync(path, 'utf8')) : null;
  if (present !== null && isWrappedFor(present, recoveryKey)) return false;
  replaceDurably(path, Buffer.from(`${JSON.stringify(wrapForKey(boxKey, recoveryKey, PURPOSE))}\n`));
  return true;
}

/** The box key of a dead box. @throws CounterfoilError `key_missing` without a usable copy, `backup_key_wrong`. */
export function openRecoveryCopy(dataDir: string, key: KeyObject): Buffer {
  const path = join(dataDir, RECOVERY_COPY);
  const present = existsSync(path) ? parsed(readFileSync(path, 'utf8')) : null;
  if (present === null) {
    throw new CounterfoilError(
      'key_missing',
      `${path} is not there or is no wrapped key: this box had no recovery key when it died`,
      'Name a copy of its box.key with --box-key, or restore a backup.',
    );
  }
  const boxKey = unwrapWithKey(present, key, PURPOSE);
  if (boxKey !== null) return boxKey;
  throw wrongKey(`this key does not open ${path}`, 'Use the recovery private key of this chain.');
}

function parsed(text: string): Recipient | null {
  try {
    return recipientSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
