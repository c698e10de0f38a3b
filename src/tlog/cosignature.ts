/**
 * Cosignatures (c2sp.org/tlog-cosignature, Ed25519): a witness says that at this time this checkpoint was the largest it
 * has seen of the log and that everything before it was still there.
 */
import { type KeyObject, sign, verify } from 'node:crypto';
import { type NoteSignature, parseSignatureLine, signatureLine } from './note.ts';
import { KEY_TYPE, type VerifierKey, verifierKeyOf } from './verifier-key.ts';

const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;

/** Cosigns checkpoints under one name. */
export interface Cosigner {
  readonly key: VerifierKey;
  /** The signature line, without line feed, for a checkpoint's text at this time (whole seconds since 1970, UTC). */
  cosign(text: string, timeSeconds: number): string;
}

export type CosignatureReading =
  | { readonly ok: true; readonly timeSeconds: number }
  | { readonly ok: false; readonly fault: 'malformed' | 'unknown_signer' | 'bad_signature' };

/**
 * A cosigner with its private key in memory. The message does not name the cosigner: never use one key under two names.
 * Throws `TypeError` for anything but a private Ed25519 key.
 */
export function cosigner(name: string, privateKey: KeyObject): Cosigner {
  if (privateKey.type !== 'private') throw new TypeError('signing takes a private key');
  const key = verifierKeyOf(name, privateKey, KEY_TYPE.cosignature);
  return {
    key,
    cosign(text, timeSeconds) {
      const time = Buffer.alloc(TIME_BYTES);
      time.writeBigUInt64BE(BigInt(timeSeconds));
      return signatureLine(key, Buffer.concat([time, sign(null, messageOf(text, timeSeconds), privateKey)]));
    },
  };
}

/** Whether a line (or a line taken apart) is this key's cosignature of a checkpoint's text, and of when. Never throws. */
export function verifyCosignature(given: string | NoteSignature, text: string, key: VerifierKey): CosignatureReading {
  const line = typeof given === 'string' ? parseSignatureLine(given) : given;
  if (line === null || line.signature.length !== TIME_BYTES + SIGNATURE_BYTES) return { ok: false, fault: 'malformed' };
  if (line.name !== key.name || line.keyId !== key.keyId || key.type !== KEY_TYPE.cosignature) {
    return { ok: false, fault: 'unknown_signer' };
  }
  const timeSeconds = Number(line.signature.readBigUInt64BE());
  if (!Number.isSafeInteger(timeSeconds)) return { ok: false, fault: 'malformed' };
  const signature = line.signature.subarray(TIME_BYTES);
  const isTrue = verify(null, messageOf(text, timeSeconds), key.publicKey, signature);
  return isTrue ? { ok: true, timeSeconds } : { ok: false, fault: 'bad_signature' };
}

function messageOf(text: string, timeSeconds: number): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${timeSeconds}\n${text}`);
}
