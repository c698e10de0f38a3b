/** What belongs to one person, sealed under the key their password gives: AES-256-GCM, nonce ‖ tag ‖ ciphertext, base64. */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { RandomBytes } from './password.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Bound to the user and the purpose: another user's, or another thing of the same user, does not open in its place. */
export function sealFor(
  key: Uint8Array,
  plain: Uint8Array,
  user: string,
  purpose: string,
  random: RandomBytes,
): string {
  const nonce = random(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(`counterfoil ${purpose} of ${user}`));
  const body = cipher.update(plain);
  cipher.final();
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
}

/** Null when key, bytes, user or purpose do not belong together. */
export function openFor(key: Uint8Array, sealed: string, user: string, purpose: string): Buffer | null {
  const bytes = Buffer.from(sealed, 'base64');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES));
  decipher.setAAD(Buffer.from(`counterfoil ${purpose} of ${user}`));
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  try {
    const plain = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES));
    decipher.final();
    return plain;
  } catch {
    return null;
  }
}
