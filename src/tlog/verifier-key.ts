/**
 * Who signs notes, and how others know them: a name, a key id of four bytes and an Ed25519 public key, written as
 * `name+hex(key id)+base64(type ‖ key)` (c2sp.org/signed-note). The type says what is signed: one key under one name has
 * another id for each type, so that a checkpoint's signature is never taken for a cosignature.
 */
import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import { fromBase64 } from './base64.ts';

/** 01: Ed25519 over the note's text. 04: a cosignature with its time (c2sp.org/tlog-cosignature). */
export const KEY_TYPE = { note: 1, cosignature: 4 } as const;
export type KeyType = (typeof KEY_TYPE)[keyof typeof KEY_TYPE];

export interface VerifierKey {
  readonly name: string;
  readonly type: KeyType;
  /** Eight lower-case hex digits. */
  readonly keyId: string;
  readonly publicKey: KeyObject;
  /** The key as it is written. */
  readonly text: string;
}

/** Why a text is no verifier key. */
export type KeyFault = 'malformed' | 'bad_name' | 'bad_key' | 'unknown_type' | 'wrong_key_id';
export type KeyReading =
  | { readonly ok: true; readonly key: VerifierKey }
  | { readonly ok: false; readonly fault: KeyFault };

const RAW_KEY_BYTES = 32;
export const KEY_ID_BYTES = 4;
/** A name, an id and a key; origins and host names are far shorter. */
const MAX_TEXT_LENGTH = 1024;

/** Whether a text may name a key: not empty, without white space, control characters and `+`. */
export function isKeyName(name: string): boolean {
  return name !== '' && name.isWellFormed() && !/[\s+\p{Cc}]/u.test(name);
}

/** The verifier key of a public (or private) Ed25519 key. Throws `TypeError` for another key or an impossible name. */
export function verifierKeyOf(name: string, key: KeyObject, type: KeyType = KEY_TYPE.note): VerifierKey {
  if (!isKeyName(name)) throw new TypeError('a key name has neither white space nor +');
  const raw = rawPublicKey(key);
  const keyId = keyIdOf(name, type, raw);
  const material = Buffer.concat([Buffer.from([type]), raw]).toString('base64');
  return { name, type, keyId, publicKey: publicKeyOfRaw(raw), text: `${name}+${keyId}+${material}` };
}

/** Reads a verifier key strictly; never throws. */
export function parseVerifierKey(text: string): KeyReading {
  const [name, keyId, material, ...more] = text.length > MAX_TEXT_LENGTH ? [] : splitKey(text);
  if (name === undefined || keyId === undefined || material === undefined || more.length > 0) return no('malformed');
  if (!isKeyName(name)) return no('bad_name');
  const bytes = fromBase64(material);
  if (!/^[0-9a-f]{8}$/.test(keyId) || bytes === null || bytes.length === 0) return no('malformed');
  const type = Object.values(KEY_TYPE).find((known) => known === bytes[0]);
  if (type === undefined) return no('unknown_type');
  const raw = bytes.subarray(1);
  if (raw.length !== RAW_KEY_BYTES) return no('bad_key');
  if (keyIdOf(name, type, raw) !== keyId) return no('wrong_key_id');
  return { ok: true, key: { name, type, keyId, publicKey: publicKeyOfRaw(raw), text } };
}

/** The 32 bytes of an Ed25519 public key (RFC 8032), also of a private one. Throws `TypeError` for any other key. */
export function rawPublicKey(key: KeyObject): Buffer {
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('notes are signed with Ed25519 keys');
  const { x } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  if (x === undefined) throw new TypeError('notes are signed with Ed25519 keys');
  return Buffer.from(x, 'base64url');
}

/** The public key of 32 raw bytes. Throws `TypeError` for another length. */
export function publicKeyOfRaw(raw: Uint8Array): KeyObject {
  if (raw.length !== RAW_KEY_BYTES) throw new TypeError('an Ed25519 public key has 32 bytes');
  const x = Buffer.from(raw).toString('base64url');
  return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } });
}

/** SHA-256(name ‖ 0A ‖ type ‖ key), its first four bytes in hex. */
function keyIdOf(name: string, type: KeyType, raw: Uint8Array): string {
  const input = Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([type]), raw]);
  return hash('sha256', input, 'buffer').toString('hex', 0, KEY_ID_BYTES);
}

/** Base64 may hold `+`, names and ids may not: split at the first two. */
function splitKey(text: string): string[] {
  const [name = '', keyId, ...material] = text.split('+');
  return keyId === undefined || material.length === 0 ? [] : [name, keyId, material.join('+')];
}

function no(fault: KeyFault): KeyReading {
  return { ok: false, fault };
}
