/**
 * One-time codes: what a person carries from the gateway to a till. A code holds a secret (10 random bytes), by which the
 * gateway knows the till, and the first 16 bytes of the authority's fingerprint, by which the till knows the gateway. So
 * nobody between the two can stand for either, and nothing has to be installed on the till before.
 */
import { hash } from 'node:crypto';

const SECRET_BYTES = 10;
/** 128 bits of SHA-256: to find another authority with the same ones takes 2^128 tries. */
const FINGERPRINT_BYTES = 16;
const CHECK_BITS = 15;
const GROUP = 5;
/** Crockford's base 32: no I, L, O, U, so that nobody has to ask which one is meant. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const DIGITS = 45;
/** Bits that stand between the 208 of secret and fingerprint and the check. */
const PAD_BITS = DIGITS * 5 - CHECK_BITS - (SECRET_BYTES + FINGERPRINT_BYTES) * 8;

export interface EnrolmentCode {
  readonly secret: Buffer;
  /** First 16 bytes of SHA-256 of the authority's certificate. */
  readonly authority: Buffer;
}

/** Random bytes; tests hand in their own. */
export type RandomBytes = (count: number) => Buffer;

export function makeCode(authorityFingerprint: Uint8Array, random: RandomBytes): EnrolmentCode {
  return {
    secret: random(SECRET_BYTES),
    authority: Buffer.from(authorityFingerprint.subarray(0, FINGERPRINT_BYTES)),
  };
}

/** Nine groups of five, as a person reads and types them. */
export function formatCode({ secret, authority }: EnrolmentCode): string {
  const bytes = Buffer.concat([secret, authority]);
  const value = (toNumber(bytes) << BigInt(PAD_BITS + CHECK_BITS)) | BigInt(checkOf(bytes));
  const digits = Array.from({ length: DIGITS }, (_, at) => {
    const shift = BigInt((DIGITS - 1 - at) * 5);
    return ALPHABET.charAt(Number((value >> shift) & 31n));
  }).join('');
  return digits.match(new RegExp(`.{${GROUP}}`, 'g'))?.join('-') ?? '';
}

/** Reads what a person has typed: upper or lower case, with or without hyphens and blanks. Null: it is mistyped. */
export function parseCode(text: string): EnrolmentCode | null {
  const digits = text.toUpperCase().replace(/[\s-]/g, '').replace(/[IL]/g, '1').replace(/O/g, '0');
  if (digits.length !== DIGITS) return null;
  let value = 0n;
  for (const digit of digits) {
    const at = ALPHABET.indexOf(digit);
    if (at < 0) return null;
    value = (value << 5n) | BigInt(at);
  }
  const check = Number(value & BigInt((1 << CHECK_BITS) - 1));
  const pad = Number((value >> BigInt(CHECK_BITS)) & BigInt((1 << PAD_BITS) - 1));
  const hex = (value >> BigInt(CHECK_BITS + PAD_BITS))
    .toString(16)
    .padStart((SECRET_BYTES + FINGERPRINT_BYTES) * 2, '0');
  const bytes = Buffer.from(hex, 'hex');
  if (pad !== 0 || check !== checkOf(bytes)) return null;
  return { secret: bytes.subarray(0, SECRET_BYTES), authority: bytes.subarray(SECRET_BYTES) };
}

/** By what the gateway's file knows a code; the code itself is kept nowhere. */
export function secretHash(secret: Uint8Array): string {
  return hash('sha256', secret, 'hex');
}

/** A typing error gets through once in 32,768 times. */
function checkOf(bytes: Uint8Array): number {
  const digest = hash('sha256', Buffer.concat([Buffer.from('counterfoil enrolment code 1'), bytes]), 'buffer');
  return digest.readUInt16BE(0) >> (16 - CHECK_BITS);
}

function toNumber(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}
