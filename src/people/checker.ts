/** Whether somebody is who they say: password and second factor, with lock-out by user, by address, and by both together. */
import type { Clock } from '../base/clock.ts';
import { CounterfoilError } from '../base/errors.ts';
import type { TrailBodyOf } from '../record/trail-kinds.ts';
import type { Credentials, LockedOut, LogInRefused } from './api.ts';
import { PURPOSE } from './changes.ts';
import { addressGroup, LockOut } from './lock-out.ts';
import { isVerified, MOST_PASSWORD, NOBODYS_PASSWORD, type PasswordDesk } from './password.ts';
import type { StoredUser } from './schema.ts';
import { openFor } from './sealed.ts';
import { matchingStep } from './totp.ts';

const MINUTE_MS = 60_000;
const LOCK = { firstWaitMs: 2000, mostWaitMs: 15 * MINUTE_MS, forgetMs: 24 * 60 * MINUTE_MS } as const;
/**
 * Somebody who guesses at one user from one place waits soon. A user, or an address, on its own has more free tries: nobody
 * elsewhere in the store is to be kept out by a stranger who tries their name, or by a colleague at the same address.
 */
const FREE = { pair: 5, user: 20, address: 20 } as const;
const MOST_KEYS = 4096;

export type Checked = { readonly ok: true; readonly user: StoredUser; readonly sealingKey: Buffer } | LogInRefused;

export interface CheckerParts {
  readonly clock: Clock;
  readonly desk: PasswordDesk;
  readonly onRefused: (body: TrailBodyOf<'login_refused'>) => unknown;
}

export class Checker {
  readonly #parts: CheckerParts;
  readonly #byPair: LockOut;
  /** Only of users there are: their number bounds it. */
  readonly #byUser: LockOut;
  readonly #byAddress: LockOut;
  /** Newest time step whose code each user has used; a restart forgets it, which leaves a code good for a minute at most. */
  readonly #usedSteps = new Map<string, number>();

  constructor(parts: CheckerParts) {
    this.#parts = parts;
    const { clock } = parts;
    const lock = (freeFailures: number) => new LockOut({ clock, freeFailures, ...LOCK, mostKeys: MOST_KEYS });
    this.#byPair = lock(FREE.pair);
    this.#byUser = lock(FREE.user);
    this.#byAddress = lock(FREE.address);
  }

  /** Judges one try. What it costs and answers does not tell whether the user exists. */
  async check(
    users: readonly StoredUser[],
    { user: name, password, code }: Credentials,
    address: string,
  ): Promise<Checked> {
    const user = users.find((each) => each.name === name) ?? null;
    const keys = this.#keysOf(user, address);
    const waitMs = Math.max(...keys.map(([lock, key]) => lock.waitMs(key)));
    if (waitMs > 0) return refused('locked', waitMs);
    const counted = keys.map(([lock, key]) => ({ lock, key, attempt: lock.count(key) }));
    const failures = Math.max(...counted.map(({ attempt }) => attempt.failures));
    const fault = async (reason: string): Promise<Checked> => {
      this.#tell({ address, count: failures, reason, user: user?.name ?? null });
      return refused('wrong', 0);
    };
    if (password.length > MOST_PASSWORD) return await fault('too_long');
    let derived: Awaited<ReturnType<PasswordDesk['derive']>>;
    try {
      derived = await this.#parts.desk.derive(password, user?.password ?? NOBODYS_PASSWORD);
    } catch (error) {
      if (error instanceof CounterfoilError && error.code === 'access_busy') return refused('busy', 5000);
      throw error;
    }
    if (user === null) return await fault('no_user');
    if (!isVerified(derived, user.password)) return await fault('password');
    if (user.disabled) return await fault('disabled');
    if (user.totp !== null && !this.#isSecond(user, user.totp, derived.sealingKey, code ?? ''))
      return await fault('code');
    // One success does not clear an address of the guesses before it, and is none itself: a whole store may log in from there.
    for (const { lock, key, attempt } of counted) {
      if (lock === this.#byAddress) lock.takeBack(key, attempt);
      else lock.forgive(key);
    }
    return { ok: true, user, sealingKey: derived.sealingKey };
  }

  /** For a secret that is no user's: judged by address alone. Gives null, or the refusal. */
  async guard(address: string, isRight: () => Promise<boolean>): Promise<LogInRefused | null> {
    const key = addressGroup(address);
    const waitMs = this.#byAddress.waitMs(key);
    if (waitMs > 0) return refused('locked', waitMs);
    const attempt = this.#byAddress.count(key);
    try {
      if (await isRight()) {
        this.#byAddress.takeBack(key, attempt);
        return null;
      }
    } catch (error) {
      if (error instanceof CounterfoilError && error.code === 'access_busy') return refused('busy', 5000);
      throw error;
    }
    this.#tell({ address, count: attempt.failures, reason: 'break_glass', user: null });
    return refused('wrong', 0);
  }

  /** A person at the box has set things right for this user. */
  forgive(user: string): void {
    this.#byUser.forgive(user);
  }

  /** Who has to wait now, and from where. */
  get waiting(): readonly LockedOut[] {
    const pairs = this.#byPair.waiting.map(({ key, ...lock }) => {
      const [user = '', address = ''] = key.split(' ');
      return { user, address, ...lock };
    });
    const users = this.#byUser.waiting.map(({ key, ...lock }) => ({ user: key, address: null, ...lock }));
    const addresses = this.#byAddress.waiting.map(({ key, ...lock }) => ({ user: null, address: key, ...lock }));
    return [...pairs, ...users, ...addresses];
  }

  #keysOf(user: StoredUser | null, address: string): readonly (readonly [LockOut, string])[] {
    const group = addressGroup(address);
    const byAddress = [this.#byAddress, group] as const;
    if (user === null) return [byAddress];
    return [[this.#byPair, `${user.name} ${group}`], [this.#byUser, user.name], byAddress];
  }

  #isSecond(user: StoredUser, totp: string, sealingKey: Buffer, code: string): boolean {
    const secret = openFor(sealingKey, totp, user.name, PURPOSE.totp);
    if (secret === null) return false;
    const step = matchingStep(secret, code, this.#parts.clock.utcMs(), this.#usedSteps.get(user.name) ?? -1);
    if (step === null) return false;
    this.#usedSteps.set(user.name, step);
    return true;
  }

  /** The 1st, 2nd, 4th … in a row: somebody who guesses cannot fill the trail. */
  #tell(body: TrailBodyOf<'login_refused'>): void {
    if ((body.count & (body.count - 1)) === 0) this.#parts.onRefused(body);
  }
}

function refused(fault: LogInRefused['fault'], waitMs: number): LogInRefused {
  return { ok: false, fault, retryAfterSeconds: Math.ceil(waitMs / 1000) };
}
