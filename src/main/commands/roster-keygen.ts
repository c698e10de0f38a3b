/** `counterfoil roster keygen`: a key pair for one person. The private key goes into a file, the public one is printed. */

import { generateKeyPairSync, hash, type KeyObject } from 'node:crypto';
import { stringify } from 'yaml';
import { type Clock, toUtcText } from '../../base/clock.ts';
import { readSecretFile } from '../../base/config/secrets.ts';
import { writeDurably } from '../../base/durable.ts';
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import { canonicalText } from '../../record/canonical.ts';
import { readRoster } from '../../record/roster.ts';
import type { Role } from '../../record/roster-schema.ts';
import type { CommandIo } from './io.ts';
import type { Person } from './person.ts';

export interface KeygenFlags {
  readonly name: string;
  readonly out: string;
  readonly npi?: string;
  readonly role: readonly Role[];
  readonly kid?: string;
  readonly alg: 'EdDSA' | 'ES256';
  readonly days: number;
  readonly passphraseFile?: string;
  readonly passphrase?: true;
  readonly json?: true;
}

export interface KeygenParts {
  readonly io: CommandIo;
  readonly person: Person;
  readonly clock: Clock;
}

const DAY_MS = 24 * 3600 * 1000;
const LEAST_PASSPHRASE = 12;
/** Enough of a thumbprint that two people's keys never share it. */
const KID_LENGTH = 16;

/** Makes the key and prints the entry. Throws `usage` for what could not stand in a roster, and for a file that is there. */
export async function keygen(flags: KeygenFlags, { io, person, clock }: KeygenParts): Promise<void> {
  const pair =
    flags.alg === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const entry = entryOf(flags, pair.publicKey, clock.utcMs());
  const text = stringify({ people: [entry] }, { lineWidth: 0 });
  refuseUnusable(text);
  const passphrase = await passphraseFor(flags, person);
  writeOnce(flags.out, pemOf(pair.privateKey, passphrase));
  const note = passphrase === null ? ', without a passphrase: whoever has the file can sign' : '';
  person.tell(`private key written to ${flags.out}${note}\n`);
  io.write(flags.json === true ? `${JSON.stringify(entry)}\n` : text.slice(text.indexOf('\n') + 1));
}

function entryOf({ name, npi, role, kid, days }: KeygenFlags, publicKey: KeyObject, nowMs: number) {
  // Whole seconds, rounded down: what is signed in this very second counts.
  const fromMs = Math.floor(nowMs / 1000) * 1000;
  const time = (ms: number) => toUtcText(ms).replace('.000Z', 'Z');
  return {
    name,
    ...(npi === undefined ? {} : { npi }),
    roles: role.length === 0 ? ['pharmacist'] : role,
    keys: [
      {
        kid: kid ?? thumbprint(publicKey).slice(0, KID_LENGTH),
        public_key: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
        valid_from: time(fromMs),
        valid_until: time(fromMs + days * DAY_MS),
      },
    ],
  };
}

/** RFC 7638: the members every JWK of the type needs, in the order RFC 8785 has too. */
function thumbprint(publicKey: KeyObject): string {
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' });
  return hash('sha256', canonicalText({ crv, kty, x, ...(y === undefined ? {} : { y }) }), 'base64url');
}

/** The roster's own rules, before anything is written. */
function refuseUnusable(text: string): void {
  try {
    readRoster(text, 'the new entry');
  } catch (error) {
    if (!(error instanceof CounterfoilError)) throw error;
    const hint = 'Correct --name, --npi, --role or --kid; nothing was written.';
    throw new CounterfoilError('usage', error.message, hint, error);
  }
}

async function passphraseFor({ passphrase, passphraseFile }: KeygenFlags, person: Person): Promise<string | null> {
  if (passphraseFile !== undefined) return longEnough(readSecretFile(passphraseFile));
  if (passphrase !== true) return null;
  if (!person.isThere) {
    const hint = 'Run this at a terminal, or use --passphrase-file.';
    throw new CounterfoilError('usage', 'there is nobody to ask for a passphrase', hint);
  }
  const first = longEnough(await person.secret('Passphrase: '));
  if (first === (await person.secret('The same again: '))) return first;
  throw new CounterfoilError('usage', 'the two passphrases differ', 'Run the command again; nothing was written.');
}

function longEnough(passphrase: string): string {
  if (passphrase.length >= LEAST_PASSPHRASE) return passphrase;
  const message = `the passphrase has fewer than ${LEAST_PASSPHRASE} characters`;
  throw new CounterfoilError('usage', message, 'Take a longer one, such as four words; nothing was written.');
}

function pemOf(privateKey: KeyObject, passphrase: string | null): string {
  const form = { type: 'pkcs8', format: 'pem' } as const;
  const sealed = passphrase === null ? form : { ...form, cipher: 'aes-256-cbc', passphrase };
  return privateKey.export(sealed).toString();
}

/** A key that is there already is somebody's: never written over. */
function writeOnce(path: string, text: string): void {
  try {
    writeDurably(path, text, 'wx');
  } catch (error) {
    const hint = 'Name a file that is not there yet, in a folder this user may write.';
    throw new CounterfoilError('usage', `${path} cannot be written: ${messageOf(error)}`, hint, error);
  }
}
