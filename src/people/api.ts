/** What named users are to the rest of the gateway; main hands it on as the small types each part declares. */
import type { UserRole } from '../base/access.ts';
import type { TrailBodyOf } from '../record/trail-kinds.ts';

export type PeopleKind = 'people' | 'user' | 'login' | 'login_refused' | 'logout' | 'break_glass';
/** Writes one entry of trail `audit`; resolves once it is on disk. */
export type NotePeople = <K extends PeopleKind>(kind: K, body: TrailBodyOf<K>) => Promise<unknown>;

export interface Credentials {
  readonly user: string;
  readonly password: string;
  /** Six digits of the authenticator; null or empty without one. */
  readonly code: string | null;
}

export type LogInFault =
  /** Name, password or code is wrong: which of them is not told. */
  | 'wrong'
  /** Too many failures; `retryAfterSeconds` says how long. */
  | 'locked'
  /** All is right, but a second factor is required and this user has none. */
  | 'second_factor_missing'
  /** Too many at once. */
  | 'busy'
  /** The file of users cannot be used, or there is no whole emergency code. */
  | 'unavailable';

export interface LogInRefused {
  readonly ok: false;
  readonly fault: LogInFault;
  /** 0 when waiting does not help. */
  readonly retryAfterSeconds: number;
}

export type LogInAnswer = { readonly ok: true; readonly token: string } | LogInRefused;

/** Who has signed again, and their signature over a text. */
export type SecondSignature =
  | {
      readonly ok: true;
      /** Detached JWS (EdDSA) in compact form. */
      readonly signature: string;
    }
  | LogInRefused;

/** A log-in that has to wait after failures. */
export interface LockedOut {
  /** Null: whoever it is, from that address. */
  readonly user: string | null;
  /** An address, or the /64 of an IPv6 one; null: from wherever. */
  readonly address: string | null;
  readonly failures: number;
  readonly waitMs: number;
}

/** For health: no names in it. */
export interface PeopleFacts {
  /** `open`: nobody is defined. `damaged`: the file cannot be used, so nobody can log in. */
  readonly state: 'open' | 'named' | 'damaged';
  /** What is wrong with the file and what to do; null when all is well. */
  readonly trouble: string | null;
  /** Users who may log in, and how many of them have a role. */
  readonly users: number;
  readonly withRole: Readonly<Record<UserRole, number>>;
  readonly withoutSecondFactor: number;
  readonly sessions: number;
  /** `used`: somebody has got in by the emergency code, and it has not been sealed anew since. */
  readonly breakGlass: 'none' | 'sealed' | 'used';
  /** Log-ins that have to wait after failures. */
  readonly lockedOut: number;
}
