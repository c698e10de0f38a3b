/** People and keys of a roster: what the schema cannot see is checked here, and keys are read. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { KeyPath, Problem } from '../base/config/rules.ts';
import { isNpi } from './identifiers.ts';
import { readInstant } from './instant.ts';
import { algorithmOf, type JwsAlgorithm } from './jws.ts';
import type { Role, RosterTree } from './roster-schema.ts';

export interface RosterPerson {
  readonly printedName: string;
  /** Ten digits; null for those who have none. Every pharmacist has one. */
  readonly npi: string | null;
  readonly roles: readonly Role[];
  readonly keys: readonly RosterKey[];
}

export interface RosterKey {
  readonly kid: string;
  readonly alg: JwsAlgorithm;
  readonly publicKey: KeyObject;
  /** Signs from this moment on, in ms since 1970-01-01T00:00:00Z. */
  readonly validFromMs: number;
  /** And before this one. */
  readonly validUntilMs: number;
  /** From this moment on nothing it signs counts; null while it is not revoked. */
  readonly revokedAtMs: number | null;
  readonly revokedReason: string | null;
}

type PersonTree = RosterTree['people'][number];
type KeyTree = PersonTree['keys'][number];

/** What is wrong between members, and what has been seen once: whatever stands twice would leave open who has signed. */
export class Findings {
  readonly problems: Problem[] = [];
  readonly #seen = new Set<string>();

  add(path: KeyPath, text: string): null {
    this.problems.push({ path, text });
    return null;
  }

  once(what: string, path: KeyPath, text: string): void {
    if (this.#seen.has(what)) this.add(path, `stands twice; ${text}`);
    this.#seen.add(what);
  }
}

/** One person of a roster whose members have the right types; what is wrong with them goes into `findings`. */
export function readPerson(person: PersonTree, path: KeyPath, findings: Findings): RosterPerson {
  const npi = person.npi ?? null;
  const npiPath = [...path, 'npi'];
  if (npi !== null && !isNpi(npi)) {
    findings.add(npiPath, 'is no NPI: its check digit is wrong; write it as it was issued');
  }
  if (npi === null && person.roles.includes('pharmacist')) {
    const text = "is missing; a pharmacist's signature counts only for records with the same NPI, write it";
    findings.add(npiPath, text);
  }
  const onePerson = "write one entry for each person, with all of the person's keys";
  findings.once(`name ${person.name.toLowerCase()}`, [...path, 'name'], onePerson);
  if (npi !== null) findings.once(`npi ${npi}`, npiPath, onePerson);
  const keys = person.keys.flatMap((key, index) => readKey(key, [...path, 'keys', index], findings) ?? []);
  return { printedName: person.name, npi, roles: person.roles, keys };
}

function readKey(key: KeyTree, path: KeyPath, findings: Findings): RosterKey | null {
  const at = (name: string, text: string) => findings.add([...path, name], text);
  findings.once(`kid ${key.kid}`, [...path, 'kid'], 'give each key a kid of its own');
  const publicKey = readPublicKey(key, path, findings);
  const validFromMs = msOf(key.valid_from);
  const validUntilMs = msOf(key.valid_until);
  const revokedAtMs = key.revoked_at === undefined ? null : msOf(key.revoked_at);
  if (validUntilMs <= validFromMs) at('valid_until', 'is not after valid_from; write the time the key ends');
  if (key.revoked_at !== undefined && key.revoked_reason === undefined) {
    at('revoked_reason', 'is missing; write why the key was revoked');
  }
  if (key.revoked_at === undefined && key.revoked_reason !== undefined) {
    at('revoked_at', 'is missing; write since when the key is revoked, or take revoked_reason out');
  }
  const alg = publicKey === null ? null : algorithmOf(publicKey);
  if (publicKey === null || alg === null) return null;
  const revokedReason = key.revoked_reason ?? null;
  return { kid: key.kid, alg, publicKey, validFromMs, validUntilMs, revokedAtMs, revokedReason };
}

/** The schema has made sure that the time exists. */
function msOf(text: string): number {
  return readInstant(text)?.utcMs ?? Number.NaN;
}

const WRITE_KEY = 'write an Ed25519 or P-256 public key';

function readPublicKey(key: KeyTree, path: KeyPath, findings: Findings): KeyObject | null {
  const { public_key: pem, jwk } = key;
  const complain = (name: string, text: string) => findings.add([...path, name], text);
  if (pem === undefined && jwk === undefined) {
    return complain('public_key', `is missing; ${WRITE_KEY} in PEM, or a jwk`);
  }
  if (pem !== undefined && jwk !== undefined) return complain('jwk', 'stands beside public_key; take one of them out');
  const name = pem === undefined ? 'jwk' : 'public_key';
  // createPublicKey would take a private key too and derive the public one: then the secret is in the roster.
  if (pem?.includes('PRIVATE KEY') === true) {
    return complain(name, 'is a private key; take it out, make a new key pair, and write its public key here');
  }
  const publicKey = pem === undefined ? fromJwk(jwk) : fromPem(pem);
  if (publicKey === null) return complain(name, `is no public key; ${WRITE_KEY}`);
  const alg = algorithmOf(publicKey);
  if (alg === null) return complain(name, `is a key of a type nobody may sign with; ${WRITE_KEY}`);
  if (jwk?.kid !== undefined && jwk.kid !== key.kid) return complain('jwk', 'has another kid than the one beside it');
  if (jwk?.alg !== undefined && jwk.alg !== alg) return complain('jwk', `is a key for ${alg}; correct alg or crv`);
  const bytes = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  findings.once(`key ${bytes}`, [...path, name], 'give each entry a key pair of its own');
  return publicKey;
}

/** Not a certificate: it has an end and an issuer of its own, which nothing here would heed. */
const PEM_START = /^\s*-----BEGIN PUBLIC KEY-----/;

function fromPem(pem: string): KeyObject | null {
  if (!PEM_START.test(pem)) return null;
  try {
    return createPublicKey({ key: pem, format: 'pem' });
  } catch {
    return null;
  }
}

function fromJwk(jwk: KeyTree['jwk']): KeyObject | null {
  if (jwk === undefined) return null;
  const { kty, crv, x, y } = jwk;
  try {
    return createPublicKey({ key: { kty, crv, x, ...(y === undefined ? {} : { y }) }, format: 'jwk' });
  } catch {
    return null;
  }
}
