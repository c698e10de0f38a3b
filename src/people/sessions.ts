/**
 * Who is logged in. In memory only: a restart logs everybody off. The token is known to the browser alone; here lies its
 * SHA-256, so that a dump of this process's tables lets nobody in.
 */
import { hash } from 'node:crypto';
import type { UserRole } from '../base/access.ts';
import type { Clock } from '../base/clock.ts';
import type { RandomBytes } from './password.ts';

const TOKEN_BYTES = 32;
const MOST_SESSIONS = 64;
const MOST_OF_ONE_USER = 8;

export type SessionEnd = 'logged_out' | 'idle' | 'expired' | 'ended' | 'displaced' | 'changed' | 'stopped';

export interface Session {
  /** Public name, for lists and trail entries; tells nothing about the token. */
  readonly id: string;
  readonly user: string;
  readonly printedName: string;
  readonly roles: readonly UserRole[];
  readonly address: string;
  readonly csrf: string;
  readonly breakGlass: boolean;
  /** UTC. */
  readonly sinceMs: number;
  /** Monotonic: when it ends whatever happens. */
  readonly endsAtMs: number;
  /** Monotonic. */
  lastSeenMs: number;
}

export interface SessionsOptions {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly idleMs: number;
  readonly longestMs: number;
  /** Told of every end. */
  readonly onEnd: (session: Session, why: SessionEnd) => void;
}

export type NewSession = Pick<Session, 'user' | 'printedName' | 'roles' | 'address' | 'breakGlass'>;

export class Sessions {
  readonly #options: SessionsOptions;
  /** By SHA-256 of the token. */
  readonly #byHash = new Map<string, Session>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Always a new token: what a browser brought along before is never taken over. */
  begin(who: NewSession, longestMs = this.#options.longestMs): { readonly token: string; readonly session: Session } {
    const { clock, random } = this.#options;
    this.sweep();
    this.#makeRoom(who.user);
    const token = random(TOKEN_BYTES).toString('base64url');
    const now = clock.monotonicMs();
    const session: Session = {
      ...who,
      id: random(6).toString('hex'),
      csrf: random(TOKEN_BYTES).toString('base64url'),
      sinceMs: Math.trunc(clock.utcMs()),
      endsAtMs: now + longestMs,
      lastSeenMs: now,
    };
    this.#byHash.set(hashOf(token), session);
    return { token, session };
  }

  /** The session of a token that is still good, and the start of its idle time anew; null for any other text. */
  find(token: string): Session | null {
    if (!/^[A-Za-z0-9_-]{43}$/.test(token)) return null;
    const key = hashOf(token);
    const session = this.#byHash.get(key);
    if (session === undefined || this.#endIfOver(key, session)) return null;
    session.lastSeenMs = this.#options.clock.monotonicMs();
    return session;
  }

  /** Ends those that pass; gives how many. */
  end(which: (session: Session) => boolean, why: SessionEnd): number {
    let ended = 0;
    for (const [key, session] of this.#byHash) {
      if (!which(session)) continue;
      this.#byHash.delete(key);
      this.#options.onEnd(session, why);
      ended += 1;
    }
    return ended;
  }

  /** Ends what is over; called now and then, so that a log-off is told when it happens and not at the next request. */
  sweep(): void {
    for (const [key, session] of this.#byHash) this.#endIfOver(key, session);
  }

  list(): readonly Session[] {
    this.sweep();
    return [...this.#byHash.values()];
  }

  #endIfOver(key: string, session: Session): boolean {
    const now = this.#options.clock.monotonicMs();
    const isIdle = now - session.lastSeenMs >= this.#options.idleMs;
    if (!isIdle && now < session.endsAtMs) return false;
    this.#byHash.delete(key);
    this.#options.onEnd(session, now >= session.endsAtMs ? 'expired' : 'idle');
    return true;
  }

  #makeRoom(user: string): void {
    const oldest = (sessions: readonly Session[]) => sessions.toSorted((a, b) => a.lastSeenMs - b.lastSeenMs)[0];
    const own = [...this.#byHash.values()].filter((session) => session.user === user);
    const all = [...this.#byHash.values()];
    const goes = own.length >= MOST_OF_ONE_USER ? oldest(own) : all.length >= MOST_SESSIONS ? oldest(all) : undefined;
    if (goes !== undefined) this.end((session) => session === goes, 'displaced');
  }
}

function hashOf(token: string): string {
  return hash('sha256', token);
}
