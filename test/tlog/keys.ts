/** Ed25519 keys for tests, from a seed. */
import { createPrivateKey, type KeyObject } from 'node:crypto';

/** PKCS #8 of an Ed25519 key (RFC 8410 section 7) up to its seed. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The private key of a seed of 32 bytes, or of 32 times the same byte. */
export function privateKeyOf(seed: Buffer | number): KeyObject {
  const bytes = typeof seed === 'number' ? Buffer.alloc(32, seed) : seed;
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, bytes]), format: 'der', type: 'pkcs8' });
}
