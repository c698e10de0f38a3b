/**
 * Detached signatures: JSON Web Signature (RFC 7515) whose payload travels elsewhere (appendix F). Two algorithms only,
 * EdDSA with Ed25519 (RFC 8037) and ES256 (RFC 7518 section 3.4), and a header in which nothing is left to be
 * interpreted: `alg`, `kid` and perhaps `typ`. Whatever else a header says (`crit`, `b64`, keys brought along) is
 * refused rather than ignored, because another verifier might obey it.
 *
 * Who may sign is not known here: `roster.ts` says whose key a `kid` is.
 */
import { type KeyObject, sign, verify } from 'node:crypto';
import { isObject } from './refusal.ts';
import { readStrictJson } from './strict-json.ts';

export type JwsAlgorithm = 'EdDSA' | 'ES256';

/**
 * One signature as it stands in the `signatures` array of a JWS in JSON serialisation (RFC 7515 section 7.2.1): both
 * members in base64url without padding. The payload is not in it.
 */
export interface DetachedJws {
  /** The protected header's JSON, encoded: what was signed, letter by letter. */
  readonly protected: string;
  readonly signature: string;
}

export interface SigningKey {
  readonly kid: string;
  /** Ed25519 or P-256, private. */
  readonly privateKey: KeyObject;
}

/** A signature that is well formed; whether it is true, `verifyDetached` says. */
export interface ReadJws extends DetachedJws {
  readonly alg: JwsAlgorithm;
  readonly kid: string;
}

/** Both algorithms have signatures of 64 bytes: R and S (RFC 8032), r and s (RFC 7518 section 3.4). */
const SIGNATURE_BYTES = 64;
/** A `kid` and two short words; more than this is no header of ours. */
const MAX_PROTECTED_LENGTH = 1024;
const UNDERSTOOD: ReadonlySet<string> = new Set(['alg', 'kid', 'typ']);

/** The algorithm a key, private or public, signs with; null for keys that are neither Ed25519 nor P-256. */
export function algorithmOf(key: KeyObject): JwsAlgorithm | null {
  if (key.asymmetricKeyType === 'ed25519') return 'EdDSA';
  // OpenSSL's name of P-256.
  const isP256 = key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
  return isP256 ? 'ES256' : null;
}

/** Signs bytes. Throws `TypeError` for a key that is not a private Ed25519 or P-256 key. */
export function signDetached(payload: Uint8Array, { kid, privateKey }: SigningKey): DetachedJws {
  const alg = privateKey.type === 'private' ? algorithmOf(privateKey) : null;
  if (alg === null) throw new TypeError('a signing key must be a private Ed25519 or P-256 key');
  const header = Buffer.from(JSON.stringify({ alg, kid })).toString('base64url');
  const signature = sign(digestOf(alg), signingInput(header, payload), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return { protected: header, signature: signature.toString('base64url') };
}

/** Reads a signature strictly; null for anything but a header of `alg`, `kid` and perhaps `typ` with 64 bytes beside it. */
export function readJws(given: DetachedJws): ReadJws | null {
  if (given.protected.length > MAX_PROTECTED_LENGTH) return null;
  const headerBytes = fromBase64Url(given.protected);
  if (headerBytes === null || fromBase64Url(given.signature)?.length !== SIGNATURE_BYTES) return null;
  const reading = readStrictJson(headerBytes);
  if (!reading.ok || !isObject(reading.value)) return null;
  const header = reading.value;
  const { alg, kid, typ } = header;
  if (Object.keys(header).some((name) => !UNDERSTOOD.has(name))) return null;
  if ((alg !== 'EdDSA' && alg !== 'ES256') || typeof kid !== 'string' || kid === '') return null;
  if (typ !== undefined && typeof typ !== 'string') return null;
  return { alg, kid, protected: given.protected, signature: given.signature };
}

/** Whether the signature is this key's over these bytes. False for a key of another type than `alg` says; never throws. */
export function verifyDetached(jws: ReadJws, payload: Uint8Array, publicKey: KeyObject): boolean {
  if (algorithmOf(publicKey) !== jws.alg) return false;
  const signature = Buffer.from(jws.signature, 'base64url');
  const input = signingInput(jws.protected, payload);
  return verify(digestOf(jws.alg), input, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
}

/** The compact form without its payload, `header..signature` (RFC 7515 appendix F). */
export function toCompact(jws: DetachedJws): string {
  return `${jws.protected}..${jws.signature}`;
}

/** The compact form without its payload taken apart; null when it has a payload or is no compact form. */
export function fromCompact(text: string): DetachedJws | null {
  const [header, payload, signature, ...more] = text.split('.');
  if (header === undefined || payload !== '' || signature === undefined || more.length > 0) return null;
  return { protected: header, signature };
}

/** RFC 7515 section 5.1: the encoded header, a full stop, the encoded payload. */
function signingInput(header: string, payload: Uint8Array): Buffer {
  const encoded = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('base64url');
  return Buffer.from(`${header}.${encoded}`, 'latin1');
}

/** Ed25519 has its digest built in. */
function digestOf(alg: JwsAlgorithm): string | null {
  return alg === 'EdDSA' ? null : 'sha256';
}

/** The bytes, or null unless the text is the one base64url text of them: no padding, no stray bits, no other letters. */
function fromBase64Url(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : null;
}
