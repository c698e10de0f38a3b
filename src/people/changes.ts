/** Changes of the file of named users: each makes a new file's content of the old one and touches nothing. */
import { generateKeyPairSync } from 'node:crypto';
import type { UserRole } from '../base/access.ts';
import { CounterfoilError } from '../base/errors.ts';
import { isVerified, type PasswordDesk, passwordFault, type RandomBytes } from './password.ts';
import type { PeopleFile, StoredUser } from './schema.ts';
import { openFor, sealFor } from './sealed.ts';
import { base32, TOTP_SECRET_BYTES } from './totp.ts';

export const PURPOSE = { totp: 'second factor', key: 'signing key' } as const;

/** What trail entries call whoever came in by the emergency code; no user may have the name. */
export const BREAK_GLASS_USER = 'break-glass';

export interface ChangeParts {
  readonly desk: PasswordDesk;
  readonly random: RandomBytes;
  /** UTC, RFC 3339 with milliseconds. */
  readonly nowUtc: string;
}

export interface NewUser {
  readonly name: string;
  readonly printedName: string;
  readonly roles: readonly UserRole[];
  readonly password: string;
}

/** @throws CounterfoilError `usage` for a name that is taken or a password that will not do. */
export async function withUser(people: PeopleFile, user: NewUser, parts: ChangeParts): Promise<PeopleFile> {
  const { name, printedName, roles, password } = user;
  if (name === BREAK_GLASS_USER || people.users.some((other) => other.name === name)) {
    throw usage(`there is a user ${name} already`, 'Names are not used again; choose another one.');
  }
  const fresh = await secretsFor(name, password, 1, parts);
  const added: StoredUser = {
    name,
    printed_name: printedName,
    roles: [...roles],
    disabled: false,
    created_at_utc: parts.nowUtc,
    password: fresh.password,
    totp: null,
    signing_key: fresh.signingKey,
    keys: [fresh.key],
  };
  return { ...people, users: [...people.users, added] };
}

/**
 * A new password makes a new signing key, and takes the second factor off: both were sealed under the old one, which whoever
 * sets a new one need not know.
 */
export async function withPassword(
  people: PeopleFile,
  name: string,
  password: string,
  parts: ChangeParts,
): Promise<PeopleFile> {
  const user = userOrRefuse(people, name);
  const fresh = await secretsFor(name, password, user.keys.length + 1, parts);
  const former = user.keys.map((key) => ({ ...key, until_utc: key.until_utc ?? parts.nowUtc }));
  return withChanged(people, {
    ...user,
    password: fresh.password,
    totp: null,
    signing_key: fresh.signingKey,
    keys: [...former, fresh.key],
  });
}

/** Puts a second factor on; the person's password seals it. The secret is shown once, to be put into an authenticator. */
export async function withTotp(
  people: PeopleFile,
  name: string,
  password: string,
  { desk, random }: ChangeParts,
): Promise<{ readonly people: PeopleFile; readonly secret: Buffer }> {
  const user = userOrRefuse(people, name);
  const keys = await desk.derive(password, user.password);
  if (!isVerified(keys, user.password)) {
    throw new CounterfoilError(
      'access_refused',
      'that is not the password',
      'The person’s own password is needed here.',
    );
  }
  const secret = random(TOTP_SECRET_BYTES);
  const totp = sealFor(keys.sealingKey, secret, name, PURPOSE.totp, random);
  return { people: withChanged(people, { ...user, totp }), secret };
}

export function withoutTotp(people: PeopleFile, name: string): PeopleFile {
  return withChanged(people, { ...userOrRefuse(people, name), totp: null });
}

export function withRoles(people: PeopleFile, name: string, roles: readonly UserRole[]): PeopleFile {
  return withChanged(people, { ...userOrRefuse(people, name), roles: [...roles] });
}

export function withDisabled(people: PeopleFile, name: string, disabled: boolean): PeopleFile {
  return withChanged(people, { ...userOrRefuse(people, name), disabled });
}

/** Of the emergency code: 125 bits, so that its hash needs no slow derivation. */
const CODE_CHARACTERS = 25;

/** A new emergency code takes the place of the old one, used or not. It is shown once. */
export async function withBreakGlass(
  people: PeopleFile,
  by: string | null,
  { desk, random, nowUtc }: ChangeParts,
): Promise<{ readonly people: PeopleFile; readonly code: string }> {
  const letters = base32(random(16)).slice(0, CODE_CHARACTERS);
  const code = letters.match(/.{5}/g)?.join('-') ?? letters;
  const { stored } = await desk.make(plainCode(code), random, nowUtc);
  const { salt, verifier } = stored;
  const sealed = { salt, verifier, sealed_at_utc: nowUtc, sealed_by: by, used_at_utc: null };
  return { people: { ...people, break_glass: sealed }, code };
}

/** As it is compared: case, hyphens and spaces are how a hand writes it. */
export function plainCode(code: string): string {
  return code.toUpperCase().replace(/[\s-]/g, '');
}

function userOrRefuse(people: PeopleFile, name: string): StoredUser {
  const found = people.users.find((user) => user.name === name);
  if (found !== undefined) return found;
  throw usage('there is no such user', '"counterfoil user list" shows who there is.');
}

/** The private key (PKCS 8, DER) of a user whose password gave `sealingKey`; null when it does not open. */
export function openSigningKey(user: StoredUser, sealingKey: Uint8Array): Buffer | null {
  return openFor(sealingKey, user.signing_key, user.name, PURPOSE.key);
}

async function secretsFor(name: string, password: string, number: number, { desk, random, nowUtc }: ChangeParts) {
  const fault = passwordFault(password, name);
  if (fault !== null) throw usage(fault, 'Choose another one; a few words in a row are easy to keep.');
  const { stored, sealingKey } = await desk.make(password, random, nowUtc);
  const pair = generateKeyPairSync('ed25519');
  const secret = pair.privateKey.export({ type: 'pkcs8', format: 'der' });
  return {
    password: stored,
    signingKey: sealFor(sealingKey, secret, name, PURPOSE.key, random),
    key: {
      kid: `user-${name}-${number}`,
      public_key: pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
      from_utc: nowUtc,
      until_utc: null,
    },
  };
}

function withChanged(people: PeopleFile, changed: StoredUser): PeopleFile {
  return { ...people, users: people.users.map((user) => (user.name === changed.name ? changed : user)) };
}

function usage(message: string, hint: string): CounterfoilError {
  return new CounterfoilError('usage', message, hint);
}
