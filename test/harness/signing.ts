/** People who sign, for tests: a roster and signatures made without the product's own code. */
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import canonicalize from 'canonicalize';
import type { SentRecord } from './records.ts';

export interface Signer {
  readonly name: string;
  readonly npi: string | null;
  readonly kid: string;
  readonly alg: 'EdDSA' | 'ES256';
  readonly privateKey: KeyObject;
  /** The person's entry in a roster. */
  readonly entry: object;
}

export interface SignerOptions {
  readonly npi?: string | null;
  readonly alg?: Signer['alg'];
  readonly roles?: readonly string[];
  /** Members of the key's entry: other dates, a revocation. */
  readonly key?: Readonly<Record<string, string>>;
}

const HOUR_MS = 3_600_000;
/** RFC 3339, so many hours from now. */
export const hoursFromNow = (hours: number): string => new Date(Date.now() + hours * HOUR_MS).toISOString();

/** Somebody with a key of their own that is good from yesterday until tomorrow; NPI of the harness's records. */
export function aSigner(name: string, options: SignerOptions = {}): Signer {
  const { npi = '1234567893', alg = 'EdDSA', roles = ['pharmacist'], key = {} } = options;
  const pair = alg === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = `${name.toLowerCase().replaceAll(' ', '-')}-1`;
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const dates = { valid_from: hoursFromNow(-24), valid_until: hoursFromNow(24) };
  const entry = {
    name,
    ...(npi === null ? {} : { npi }),
    roles,
    keys: [{ kid, public_key: publicKey, ...dates, ...key }],
  };
  return { name, npi, kid, alg, privateKey: pair.privateKey, entry };
}

/** A roster file of these people (JSON is YAML too). */
export function writeRoster(folder: string, ...people: readonly Signer[]): string {
  const file = join(folder, 'roster.yaml');
  writeFileSync(file, JSON.stringify({ people: people.map(({ entry }) => entry) }, null, 2), { mode: 0o644 });
  return file;
}

const base64Url = (bytes: string | Uint8Array): string => Buffer.from(bytes).toString('base64url');

/** One element of `signatures` over this record. */
export function signatureOf(record: object, { kid, alg, privateKey }: Omit<Signer, 'entry' | 'name' | 'npi'>): object {
  const { signatures: _none, ...unsigned } = record as SentRecord;
  const header = base64Url(JSON.stringify({ alg, kid }));
  const input = Buffer.from(`${header}.${base64Url(canonicalize(unsigned) ?? '')}`);
  const digest = alg === 'EdDSA' ? null : 'sha256';
  const signature = sign(digest, input, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return { protected: header, signature: base64Url(signature) };
}

/** The record signed by each of these people. */
export function signed<T extends SentRecord>(record: T, ...people: readonly Signer[]): T {
  return { ...record, signatures: people.map((person) => signatureOf(record, person)) };
}

/** Whether openssl finds that a signature in base64url is that of a PEM key over these bytes. */
export function opensslVerifies(
  folder: string,
  { alg, public_key }: { readonly alg: string; readonly public_key: string },
  input: string,
  signature: string,
): boolean {
  const [keyFile, inputFile, signatureFile] = ['key.pem', 'input', 'signature'].map((name) => join(folder, name));
  const bytes = Buffer.from(signature, 'base64url');
  const isEd25519 = alg === 'EdDSA';
  writeFileSync(keyFile ?? '', public_key);
  writeFileSync(inputFile ?? '', input);
  writeFileSync(signatureFile ?? '', isEd25519 ? bytes : derOf(bytes));
  const how = isEd25519 ? ['-rawin'] : ['-rawin', '-digest', 'sha256'];
  const files = ['-pubin', '-inkey', keyFile ?? '', '-in', inputFile ?? '', '-sigfile', signatureFile ?? ''];
  return spawnSync('openssl', ['pkeyutl', '-verify', ...how, ...files]).status === 0;
}

/** r and s as the ASN.1 sequence that openssl wants. */
function derOf(signature: Buffer): Buffer {
  const integer = (bytes: Buffer) => {
    const first = Math.min(
      bytes.findIndex((byte) => byte !== 0),
      bytes.length - 1,
    );
    const digits = bytes.subarray(first);
    const positive = (digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), digits]) : digits;
    return Buffer.concat([Buffer.from([2, positive.length]), positive]);
  };
  const both = Buffer.concat([integer(signature.subarray(0, 32)), integer(signature.subarray(32))]);
  return Buffer.concat([Buffer.from([0x30, both.length]), both]);
}
