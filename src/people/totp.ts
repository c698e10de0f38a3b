/** Time-based one-time passwords (RFC 6238 over RFC 4226): six digits, 30 seconds, HMAC-SHA-1, as every authenticator has them. */
import { createHmac, timingSafeEqual } from 'node:crypto';

const STEP_SECONDS = 30;
const DIGITS = 6;
/** RFC 4226 section 4 recommends 160 bits. */
export const TOTP_SECRET_BYTES = 20;
/** Steps before and after now that count: a phone's clock may be half a minute off. */
const WINDOW_STEPS = 1;

/** The code of one time step. RFC 4226 section 5.3. */
export function hotp(secret: Uint8Array, counter: number, digits = DIGITS): string {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const mac = createHmac('sha1', secret).update(message).digest();
  const offset = (mac.at(-1) ?? 0) & 0x0f;
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return (number % 10 ** digits).toString().padStart(digits, '0');
}

/** Time steps since 1970 (RFC 6238 section 4.2). */
export function stepAt(utcMs: number): number {
  return Math.floor(utcMs / 1000 / STEP_SECONDS);
}

/**
 * The time step whose code this is, or null. Only steps above `usedStep` count: a code is good once (RFC 6238
 * section 5.2). All candidates are compared, so that the time taken says nothing.
 */
export function matchingStep(secret: Uint8Array, code: string, utcMs: number, usedStep: number): number | null {
  if (!/^\d{6}$/.test(code)) return null;
  const now = stepAt(utcMs);
  let found: number | null = null;
  for (let step = Math.max(0, now - WINDOW_STEPS); step <= now + WINDOW_STEPS; step++) {
    const isSame = timingSafeEqual(Buffer.from(hotp(secret, step)), Buffer.from(code));
    if (isSame && step > usedStep) found = step;
  }
  return found;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 section 6, without padding. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff_ffff;
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32[(value >>> (bits - 5)) & 31];
  }
  return bits === 0 ? text : text + BASE32[(value << (5 - bits)) & 31];
}

/** What an authenticator reads from a QR code (Key URI format). */
export function totpUri(secret: Uint8Array, user: string, gateway: string): string {
  const label = `${encodeURIComponent(gateway)}:${encodeURIComponent(user)}`;
  const query = new URLSearchParams({ secret: base32(secret), issuer: `Counterfoil ${gateway}` });
  return `otpauth://totp/${label}?${query.toString().replaceAll('+', '%20')}`;
}
