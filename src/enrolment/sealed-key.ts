/** The authority's private key at rest: AES-256-GCM under a key derived from the box key (HKDF, RFC 5869), base64. */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import type { RandomBytes } from '../pki/enrolment-code.ts';

const PURPOSE = 'counterfoil lane authority key';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** nonce ‖ tag ‖ ciphertext of the PEM text. */
export function sealKey(pem: string, boxKey: Uint8Array, random: RandomBytes): string {
  const nonce = random(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', sealingKey(boxKey), nonce);
  const body = cipher.update(pem, 'utf8');
  cipher.final();
  return `${Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64')}\n`;
}

/** Null when it was sealed under another box key, or was changed. */
export function openKey(sealed: string, boxKey: Uint8Array): string | null {
  const bytes = Buffer.from(sealed, 'base64');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv('aes-256-gcm', sealingKey(boxKey), bytes.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  try {
    const plain = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES));
    decipher.final();
    return plain.toString('utf8');
  } catch {
    return null;
  }
}

function sealingKey(boxKey: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', boxKey, Buffer.alloc(0), PURPOSE, 32));
}
