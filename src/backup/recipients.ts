/**
 * Who can open a backup: its key, 32 random bytes, is wrapped once for each. The recovery key (public half in the
 * configuration, private half with the chain, off the box) is X25519 (RFC 7748) or RSA; a passphrase is one more way.
 */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hash,
  hkdfSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  scryptSync,
} from 'node:crypto';
import { z } from 'zod';
import { CounterfoilError } from '../base/errors.ts';

const KEY_BYTES = 32;
const TAG_BYTES = 16;
const SALT_BYTES = 16;
/** NIST SP 800-131A: nothing weaker after 2030. */
const LEAST_RSA_BITS = 3072;
/** RFC 7914; 64 MiB and some tenths of a second. */
const SCRYPT = { n: 65_536, r: 8, p: 2 } as const;
/** A header must not make its reader take more memory than this. */
const MOST_SCRYPT_BYTES = 512 * 1024 * 1024;

type ScryptCost = Readonly<Record<'n' | 'r' | 'p', number>>;

const base64 = z.base64();
const scryptSchema = z.strictObject({
  kind: z.literal('scrypt'),
  n: z.int().min(2).max(1_048_576),
  p: z.int().min(1).max(16),
  r: z.int().min(1).max(32),
  salt: base64,
  wrapped: base64,
});
const x25519Schema = z.strictObject({
  kind: z.literal('x25519'),
  ephemeral: base64,
  key: base64,
  wrapped: base64,
});
const rsaSchema = z.strictObject({ kind: z.literal('rsa-oaep-sha256'), key: base64, wrapped: base64 });

export const recipientSchema = z.discriminatedUnion('kind', [x25519Schema, rsaSchema, scryptSchema]);
export type Recipient = z.infer<typeof recipientSchema>;

/** What a wrapped key is for: one wrapped for another purpose does not open. */
export type Purpose = 'counterfoil backup file key' | 'counterfoil box key';

/** SHA-256 of a public key (SPKI, DER), base64: by it a backup says which key opens it. */
function fingerprintOf(key: KeyObject): string {
  const open = key.type === 'private' ? createPublicKey(key) : key;
  return hash('sha256', open.export({ format: 'der', type: 'spki' }), 'base64');
}

/** The recovery public key. @throws CounterfoilError `config_invalid` for any other file. */
export function recoveryPublicKey(pem: string, path: string): KeyObject {
  return fitting(path, () => createPublicKey(pem), 'is no public key (PEM)');
}

/** The recovery private key. @throws CounterfoilError `config_invalid`, `backup_key_wrong` where its passphrase is. */
export function recoveryPrivateKey(pem: string, path: string, passphrase: string | null): KeyObject {
  return fitting(
    path,
    () => createPrivateKey({ key: pem, format: 'pem', ...(passphrase === null ? {} : { passphrase }) }),
    passphrase === null ? 'is no private key (PEM)' : 'does not open with this passphrase',
  );
}

function fitting(path: string, open: () => KeyObject, otherwise: string): KeyObject {
  let key: KeyObject;
  try {
    key = open();
  } catch (error) {
    // OpenSSL's own words could be about the passphrase; they are not repeated.
    throw unfit(`${path} ${otherwise}`, error);
  }
  const isLongRsa = key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= LEAST_RSA_BITS;
  if (key.asymmetricKeyType === 'x25519' || isLongRsa) return key;
  throw unfit(`${path} is a key of another kind`);
}

function unfit(message: string, cause?: unknown): CounterfoilError {
  const hint = `Use an X25519 key (openssl genpkey -algorithm X25519 -aes256 -out recovery.pem; openssl pkey -in recovery.pem -pubout -out recovery.pub.pem), or RSA of ${LEAST_RSA_BITS} bits or more.`;
  return new CounterfoilError('config_invalid', message, hint, cause);
}

/** Whether the owner of the private half of `key` can open it. */
export function isWrappedFor(recipient: Recipient, key: KeyObject): boolean {
  return recipient.kind !== 'scrypt' && recipient.key === fingerprintOf(key);
}

/** Wraps 32 bytes so that the owner of the private half can read them. */
export function wrapForKey(secret: Uint8Array, to: KeyObject, purpose: Purpose): Recipient {
  const key = fingerprintOf(to);
  if (to.asymmetricKeyType === 'rsa') {
    const wrapped = publicEncrypt({ key: to, ...oaep(purpose) }, secret);
    return { kind: 'rsa-oaep-sha256', key, wrapped: wrapped.toString('base64') };
  }
  const ephemeral = generateKeyPairSync('x25519');
  const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: to });
  const open = ephemeral.publicKey.export({ format: 'der', type: 'spki' });
  const wrapped = encrypt(sharedKey(shared, open, key, purpose), secret);
  return { kind: 'x25519', ephemeral: open.toString('base64'), key, wrapped: wrapped.toString('base64') };
}

/** Wraps 32 bytes so that whoever knows the passphrase can read them. */
export function wrapForPassphrase(secret: Uint8Array, passphrase: string, purpose: Purpose): Recipient {
  const salt = randomBytes(SALT_BYTES);
  const wrapped = encrypt(passphraseKey(passphrase, salt, SCRYPT, purpose), secret).toString('base64');
  return { kind: 'scrypt', ...SCRYPT, salt: salt.toString('base64'), wrapped };
}

/** The 32 bytes; null when this recipient is another one, or was changed. */
export function unwrapWithKey(recipient: Recipient, own: KeyObject, purpose: Purpose): Buffer | null {
  if (recipient.kind === 'scrypt' || recipient.key !== fingerprintOf(own)) return null;
  const wrapped = Buffer.from(recipient.wrapped, 'base64');
  try {
    if (recipient.kind === 'rsa-oaep-sha256') return privateDecrypt({ key: own, ...oaep(purpose) }, wrapped);
    const open = Buffer.from(recipient.ephemeral, 'base64');
    const publicKey = createPublicKey({ key: open, format: 'der', type: 'spki' });
    const shared = diffieHellman({ privateKey: own, publicKey });
    return decrypt(sharedKey(shared, open, recipient.key, purpose), wrapped);
  } catch {
    return null;
  }
}

/** The 32 bytes; null when the passphrase is another one, or the recipient was changed. */
export function unwrapWithPassphrase(recipient: Recipient, passphrase: string, purpose: Purpose): Buffer | null {
  if (recipient.kind !== 'scrypt' || 128 * recipient.n * recipient.r > MOST_SCRYPT_BYTES) return null;
  const key = passphraseKey(passphrase, Buffer.from(recipient.salt, 'base64'), recipient, purpose);
  return decrypt(key, Buffer.from(recipient.wrapped, 'base64'));
}

const oaep = (purpose: Purpose) => ({
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: 'sha256',
  oaepLabel: Buffer.from(purpose),
});

/** HKDF (RFC 5869) with the ephemeral key and the recipient's fingerprint as salt: the wrapped key is bound to both. */
function sharedKey(shared: Buffer, ephemeral: Buffer, fingerprint: string, purpose: Purpose): Buffer {
  const salt = Buffer.concat([ephemeral, Buffer.from(fingerprint, 'base64')]);
  return Buffer.from(hkdfSync('sha256', shared, salt, purpose, KEY_BYTES));
}

function passphraseKey(passphrase: string, salt: Buffer, { n, r, p }: ScryptCost, purpose: Purpose): Buffer {
  const derived = scryptSync(passphrase.normalize('NFC'), salt, KEY_BYTES, { N: n, r, p, maxmem: 2 * 128 * n * r });
  return Buffer.from(hkdfSync('sha256', derived, salt, purpose, KEY_BYTES));
}

/** The key is good for this one message, so the nonce may be zero. ciphertext ‖ tag. */
function encrypt(key: Buffer, plain: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, Buffer.alloc(12));
  const body = cipher.update(plain);
  cipher.final();
  return Buffer.concat([body, cipher.getAuthTag()]);
}

function decrypt(key: Buffer, sealed: Buffer): Buffer | null {
  if (sealed.length < TAG_BYTES) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.alloc(12));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    const plain = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
    decipher.final();
    return plain;
  } catch {
    return null;
  }
}
