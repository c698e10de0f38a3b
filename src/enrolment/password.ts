/**
 * Passwords of lanes, for tills that cannot have a certificate: made here, never chosen, kept as argon2id (RFC 9106). A
 * connection that has shown its password once is known again by a keyed hash in memory, so that a store full of tills that
 * come back after a restart does not wait a minute for its turn.
 */
import { argon2, createHmac, timingSafeEqual } from 'node:crypto';
import type { RandomBytes } from '../pki/enrolment-code.ts';
import type { StoredLanePassword } from './schema.ts';

/** OWASP's lower set for argon2id; a made password of 130 bits would not need it, and copies of the file are worth nothing. */
const COST = { memory_kib: 19 * 1024, passes: 2 } as const;
const SALT_BYTES = 16;
const TAG_BYTES = 32;
const PASSWORD_CHARACTERS = 26;
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
/** Derivations that may wait; more are refused and come again. */
const MOST_WAITING = 16;
const MOST_PASSWORD_BYTES = 256;

/** 130 random bits in letters and digits that are hard to take for each other. */
export function makePassword(random: RandomBytes): string {
  return [...random(PASSWORD_CHARACTERS)].map((byte) => ALPHABET.charAt(byte & 31)).join('');
}

export async function storePassword(password: string, random: RandomBytes, atUtc: string): Promise<StoredLanePassword> {
  const salt = random(SALT_BYTES);
  const verifier = await derive(Buffer.from(password), { ...COST, salt: salt.toString('base64') });
  return { ...COST, salt: salt.toString('base64'), verifier: verifier.toString('base64'), set_at_utc: atUtc };
}

export type PasswordVerdict = 'right' | 'wrong' | 'busy';

/** Judges one password after the other. */
export class PasswordDesk {
  readonly #key: Buffer;
  /** By lane: the verifier that was proved and the keyed hash of the password that proved it. */
  readonly #proved = new Map<string, { readonly verifier: string; readonly mark: Buffer }>();
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(random: RandomBytes) {
    this.#key = random(32);
  }

  /** `stored` null: the lane has none. It costs the same, so that nobody learns which lanes there are. */
  async check(lane: string, password: Buffer, stored: StoredLanePassword | null): Promise<PasswordVerdict> {
    if (password.length > MOST_PASSWORD_BYTES) return 'wrong';
    const mark = createHmac('sha256', this.#key).update(lane).update('\0').update(password).digest();
    const known = this.#proved.get(lane);
    if (stored !== null && known?.verifier === stored.verifier && timingSafeEqual(known.mark, mark)) return 'right';
    if (this.#waiting >= MOST_WAITING) return 'busy';
    this.#waiting += 1;
    try {
      const turn = this.#last.then(() => derive(password, stored ?? NOBODYS));
      this.#last = turn.catch(() => undefined);
      const verifier = await turn;
      const expected = Buffer.from((stored ?? NOBODYS).verifier, 'base64');
      if (stored === null || expected.length !== verifier.length || !timingSafeEqual(expected, verifier))
        return 'wrong';
      this.#proved.set(lane, { verifier: stored.verifier, mark });
      return 'right';
    } finally {
      this.#waiting -= 1;
    }
  }

  forget(lane: string): void {
    this.#proved.delete(lane);
  }
}

const NOBODYS = { ...COST, salt: 'Y291bnRlcmZvaWwgbm9ib2R5', verifier: '' };

function derive(
  message: Buffer,
  { memory_kib: memory, passes, salt }: Pick<StoredLanePassword, 'memory_kib' | 'passes' | 'salt'>,
): Promise<Buffer> {
  const nonce = Buffer.from(salt, 'base64');
  return new Promise((resolve, reject) => {
    argon2('argon2id', { message, nonce, parallelism: 1, tagLength: TAG_BYTES, memory, passes }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
