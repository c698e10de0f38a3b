/**
 * Passwords: argon2id (RFC 9106) by way of node:crypto. One derivation gives two keys by HKDF (RFC 5869): the verifier that
 * is stored, and the sealing key that never is. So a copy of the file gives an attacker nothing but the work of guessing.
 */
import { argon2, hkdfSync, timingSafeEqual } from 'node:crypto';
import { CounterfoilError } from '../base/errors.ts';
import type { StoredPassword } from './schema.ts';

/** OWASP's lower set for argon2id, 19 MiB and two passes: a small box checks it in 50 to 300 ms beside its lanes. */
const MEMORY_KIB = 19 * 1024;
const PASSES = 2;
const SALT_BYTES = 16;
const KEY_BYTES = 32;
/** Characters; NIST SP 800-63B section 3.1.1.2 asks for 8 beside a second factor and 15 without. */
const LEAST_PASSWORD = 12;
export const MOST_PASSWORD = 256;
/** Derivations that may wait; more would only be answered too late. */
const MOST_WAITING = 8;

export interface PasswordKeys {
  /** 32 bytes; compared with the stored one. */
  readonly verifier: Buffer;
  /** 32 bytes; opens what is sealed for the person. */
  readonly sealingKey: Buffer;
}

/** Random bytes; tests hand in their own. */
export type RandomBytes = (count: number) => Buffer;

/** One derivation at a time, so that a flood of log-ins costs 19 MiB and not all of the memory. */
export class PasswordDesk {
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @throws CounterfoilError `access_busy` when too many wait. */
  async derive(
    password: string,
    stored: Pick<StoredPassword, 'memory_kib' | 'passes' | 'salt'>,
  ): Promise<PasswordKeys> {
    if (this.#waiting >= MOST_WAITING) {
      throw new CounterfoilError(
        'access_busy',
        'too many people log in at once',
        'Wait a few seconds, then try again.',
      );
    }
    this.#waiting += 1;
    const turn = this.#last.then(() => derive(password, stored));
    this.#last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** What is stored for a new password, and its keys. */
  async make(password: string, random: RandomBytes, atUtc: string): Promise<PasswordKeys & { stored: StoredPassword }> {
    const how = { memory_kib: MEMORY_KIB, passes: PASSES, salt: random(SALT_BYTES).toString('base64') };
    const keys = await this.derive(password, how);
    return { ...keys, stored: { ...how, verifier: keys.verifier.toString('base64'), set_at_utc: atUtc } };
  }
}

/** Spends for a user who does not exist what a check costs for one who does. */
export const NOBODYS_PASSWORD = { memory_kib: MEMORY_KIB, passes: PASSES, salt: 'Y291bnRlcmZvaWwgbm9ib2R5' };

export function isVerified({ verifier }: PasswordKeys, stored: Pick<StoredPassword, 'verifier'>): boolean {
  const expected = Buffer.from(stored.verifier, 'base64');
  return expected.length === verifier.length && timingSafeEqual(expected, verifier);
}

/** What is wrong with a new password, in words that do not repeat it; null when it will do. */
export function passwordFault(password: string, userName: string): string | null {
  const length = [...password].length;
  if (length < LEAST_PASSWORD) return `a password has at least ${LEAST_PASSWORD} characters`;
  if (length > MOST_PASSWORD) return `a password has at most ${MOST_PASSWORD} characters`;
  const plain = password.toLowerCase();
  if (new Set(plain).size < 5) return 'a password has at least five different characters';
  if (plain.includes(userName) || plain.includes('counterfoil') || /password|12345678|qwertyui/.test(plain)) {
    return 'a password does not hold the login name, the product’s name or what everybody tries first';
  }
  return null;
}

async function derive(
  password: string,
  { memory_kib: memory, passes, salt }: Pick<StoredPassword, 'memory_kib' | 'passes' | 'salt'>,
): Promise<PasswordKeys> {
  const tag = await new Promise<Buffer>((resolve, reject) => {
    // Two ways to type the same letter must not be two passwords.
    const message = Buffer.from(password.normalize('NFC'), 'utf8');
    const nonce = Buffer.from(salt, 'base64');
    argon2('argon2id', { message, nonce, parallelism: 1, tagLength: KEY_BYTES, memory, passes }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
  const part = (info: string) =>
    Buffer.from(hkdfSync('sha256', tag, Buffer.alloc(0), `counterfoil ${info}`, KEY_BYTES));
  return { verifier: part('password verifier'), sealingKey: part('password sealing key') };
}
