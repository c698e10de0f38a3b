/**
 * Named users at work: who they are, who is logged in, and what a password or the emergency code opens. The file is this
 * class's alone while a gateway runs; the command line asks through the control socket.
 *
 * A change of a user: first its trail entry, then the file, then memory. If the power goes in between, the trail tells of a
 * change that was not made; never the other way round. A log-in waits for no disk: people need to see most when it is full.
 */
import { createPrivateKey } from 'node:crypto';
import { USER_ROLES, type UserRole } from '../base/access.ts';
import { type Clock, type Timers, toUtcText } from '../base/clock.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { signDetached, toCompact } from '../record/jws.ts';
import type { TrailBodyOf } from '../record/trail-kinds.ts';
import type {
  Credentials,
  LockedOut,
  LogInAnswer,
  LogInRefused,
  NotePeople,
  PeopleFacts,
  PeopleKind,
  SecondSignature,
} from './api.ts';
import { BreakGlass } from './break-glass.ts';
import { BREAK_GLASS_USER, type ChangeParts, openSigningKey } from './changes.ts';
import { Checker } from './checker.ts';
import { PasswordDesk, type RandomBytes } from './password.ts';
import { NO_PEOPLE, type PeopleFile, type StoredUser } from './schema.ts';
import { type Session, Sessions } from './sessions.ts';
import { peopleHash, peoplePath, readPeople, writePeople } from './store.ts';

export interface PeopleOptions {
  readonly dataDir: string;
  readonly secondFactor: 'optional' | 'required';
  readonly idleMs: number;
  readonly longestMs: number;
  readonly breakGlassMs: number;
}

export interface PeopleParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: RandomBytes;
  readonly note: NotePeople;
  readonly log: Log;
}

/** A change of one user, as the trail tells it. */
export interface UserChange {
  readonly user: string;
  readonly change: 'added' | 'password' | 'totp_on' | 'totp_off' | 'roles' | 'disabled' | 'enabled';
  readonly by: string | null;
}

const SWEEP_MS = 15_000;

export class People {
  readonly #options: PeopleOptions;
  readonly #parts: PeopleParts;
  readonly #desk = new PasswordDesk();
  readonly #checker: Checker;
  readonly #breakGlass: BreakGlass;
  readonly sessions: Sessions;
  #file: PeopleFile = NO_PEOPLE;
  #trouble: string | null = null;
  #changes: Promise<unknown> = Promise.resolve();
  #telling: Promise<unknown> = Promise.resolve();
  #cancelSweep: () => void = () => {};

  constructor(options: PeopleOptions, parts: PeopleParts) {
    this.#options = options;
    this.#parts = parts;
    const { clock, random } = parts;
    this.sessions = new Sessions({
      clock,
      random,
      // Looked at anew each time: they may change while people are logged in.
      get idleMs() {
        return options.idleMs;
      },
      get longestMs() {
        return options.longestMs;
      },
      onEnd: ({ id, user }, why) => this.#tell('logout', { session: id, user, why }),
    });
    this.#checker = new Checker({ clock, desk: this.#desk, onRefused: (body) => this.#tell('login_refused', body) });
    this.#breakGlass = new BreakGlass({ clock, desk: this.#desk, checker: this.#checker });
  }

  /** Reads the file. One that cannot be used keeps no lane out: nobody logs in, and health says why. */
  start(): void {
    try {
      this.#file = readPeople(peoplePath(this.#options.dataDir));
      if (this.isNamed) this.#tell('people', { hash: peopleHash(this.#file), users: this.#file.users.length });
    } catch (error) {
      this.#trouble = error instanceof CounterfoilError ? `${error.message}. ${error.hint}` : messageOf(error);
      this.#parts.log.error('the file of named users cannot be used', { error: messageOf(error) });
    }
    const sweep = () => {
      this.sessions.sweep();
      this.#cancelSweep = this.#parts.timers.after(SWEEP_MS, sweep);
    };
    sweep();
  }

  /** Logs everybody off, and lets a change that has begun come to its end. */
  async stop(): Promise<void> {
    this.#cancelSweep();
    this.sessions.end(() => true, 'stopped');
    await this.#changes;
    await this.#telling;
  }

  /** Whether anybody is defined: then nothing is shown to people who have not logged in. A damaged file counts as that. */
  get isNamed(): boolean {
    return this.#trouble !== null || this.#file.users.length > 0 || this.#file.break_glass !== null;
  }

  get users(): readonly StoredUser[] {
    return this.#file.users;
  }

  /** When the emergency code was sealed and used; null when there is none. */
  breakGlassTimes(): { readonly sealed_at_utc: string; readonly used_at_utc: string | null } | null {
    const { break_glass: glass } = this.#file;
    return glass === null ? null : { sealed_at_utc: glass.sealed_at_utc, used_at_utc: glass.used_at_utc };
  }

  /** A new session for who proves to be a user. Never throws for what the person did. */
  async logIn(credentials: Credentials, address: string): Promise<LogInAnswer> {
    if (this.#trouble !== null) return refusal('unavailable');
    const checked = await this.#checker.check(this.#file.users, credentials, address);
    if (!checked.ok) return checked;
    const { user } = checked;
    if (user.totp === null && this.#options.secondFactor === 'required') return refusal('second_factor_missing');
    const { name, printed_name: printedName, roles } = user;
    const { token, session } = this.sessions.begin({ user: name, printedName, roles, address, breakGlass: false });
    const way = user.totp === null ? 'password' : 'password_totp';
    this.#tell('login', { address, session: session.id, user: name, way });
    return { ok: true, token };
  }

  /** A short session with the roles `it` and `compliance` for who has the sealed code; it is good once. */
  async breakGlass(code: string, printedName: string, address: string): Promise<LogInAnswer> {
    if (this.#trouble !== null) return refusal('unavailable');
    const checked = await this.#breakGlass.check(() => this.#file, code, address);
    if (!checked.ok) return checked;
    this.#file = checked.people;
    // In memory at once, so that a second one finds it used. A full disk does not stop an emergency; the code then comes back at a restart.
    await this.#write(checked.people).catch((error: unknown) =>
      this.#parts.log.error('the use of the emergency code could not be kept', { error: messageOf(error) }),
    );
    const { token, session } = this.sessions.begin(
      { user: BREAK_GLASS_USER, printedName, roles: ['it', 'compliance'], address, breakGlass: true },
      this.#options.breakGlassMs,
    );
    this.#parts.log.warn('the emergency code was used', { address });
    const untilMs = session.sinceMs + this.#options.breakGlassMs;
    this.#tell('break_glass', { by: printedName, change: 'used', until_ms: untilMs });
    this.#tell('login', { address, session: session.id, user: session.user, way: 'break_glass' });
    return { ok: true, token };
  }

  /** The session of a token, its idle time begun anew; null when it is not good. */
  session(token: string): Session | null {
    return this.sessions.find(token);
  }

  logOut(session: Session): void {
    this.sessions.end((each) => each === session, 'logged_out');
  }

  /** The person signs `text` with both components again: only their password opens their key. */
  async sign(credentials: Credentials, address: string, text: string): Promise<SecondSignature> {
    if (this.#trouble !== null) return refusal('unavailable');
    const checked = await this.#checker.check(this.#file.users, credentials, address);
    if (!checked.ok) return checked;
    const { user, sealingKey } = checked;
    if (user.totp === null && this.#options.secondFactor === 'required') return refusal('second_factor_missing');
    const secret = openSigningKey(user, sealingKey);
    const kid = user.keys.at(-1)?.kid;
    if (secret === null || kid === undefined) return refusal('unavailable');
    const privateKey = createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' });
    return { ok: true, signature: toCompact(signDetached(Buffer.from(text, 'utf8'), { kid, privateKey })) };
  }

  /** Does one change of a user after the other. Throws what `make` throws, and when trail or file cannot be written. */
  change(
    told: UserChange,
    make: (file: PeopleFile, parts: ChangeParts) => Promise<PeopleFile> | PeopleFile,
  ): Promise<void> {
    return this.#inTurn(async () => {
      const changed = await make(this.#file, this.#changeParts());
      const roles = changed.users.find(({ name }) => name === told.user)?.roles ?? [];
      await this.#parts.note('user', { ...told, hash: peopleHash(changed), roles });
      await this.#write(changed);
      this.#file = changed;
      this.sessions.end(({ user, breakGlass }) => user === told.user && !breakGlass, 'changed');
      this.#checker.forgive(told.user);
    });
  }

  /** Seals the emergency code anew. */
  sealBreakGlass(
    by: string | null,
    make: (file: PeopleFile, parts: ChangeParts) => Promise<PeopleFile>,
  ): Promise<void> {
    return this.#inTurn(async () => {
      const changed = await make(this.#file, this.#changeParts());
      await this.#parts.note('break_glass', { by, change: 'sealed', until_ms: null });
      await this.#write(changed);
      this.#file = changed;
      this.sessions.end(({ breakGlass }) => breakGlass, 'changed');
    });
  }

  /** For who looks after users. */
  lockedOut(): readonly LockedOut[] {
    return this.#checker.waiting;
  }

  facts(): PeopleFacts {
    const able = this.#file.users.filter(({ disabled }) => !disabled);
    const having = (role: UserRole) => able.filter(({ roles }) => roles.includes(role)).length;
    const withRole = Object.fromEntries(USER_ROLES.map((role) => [role, having(role)])) as Record<UserRole, number>;
    const { break_glass: glass } = this.#file;
    return {
      state: this.#trouble !== null ? 'damaged' : this.isNamed ? 'named' : 'open',
      trouble: this.#trouble,
      users: able.length,
      withRole,
      withoutSecondFactor: able.filter(({ totp }) => totp === null).length,
      sessions: this.sessions.list().length,
      breakGlass: glass === null ? 'none' : glass.used_at_utc === null ? 'sealed' : 'used',
      lockedOut: this.#checker.waiting.length,
    };
  }

  #changeParts(): ChangeParts {
    const { clock, random } = this.#parts;
    return { desk: this.#desk, random, nowUtc: toUtcText(clock.utcMs()) };
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    if (this.#trouble !== null) {
      throw new CounterfoilError('people_unusable', 'the file of named users cannot be used', this.#trouble);
    }
    const turn = this.#changes.then(work);
    this.#changes = turn.catch(() => undefined);
    await turn;
  }

  #write(people: PeopleFile): Promise<void> {
    return writePeople(peoplePath(this.#options.dataDir), people);
  }

  /** What has happened is told in its order, and waits for nobody; the log has what the trail could not take. */
  #tell<K extends PeopleKind>(kind: K, body: TrailBodyOf<K>): void {
    this.#telling = this.#telling
      .then(() => this.#parts.note(kind, body))
      .catch((error: unknown) =>
        this.#parts.log.error('a log-in or log-off could not be told in the trail', {
          reason: kind,
          error: messageOf(error),
        }),
      );
  }
}

function refusal(fault: LogInRefused['fault']): LogInRefused {
  return { ok: false, fault, retryAfterSeconds: 0 };
}
