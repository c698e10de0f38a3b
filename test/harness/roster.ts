/** A roster with its private keys as files, as a store would have them after `counterfoil roster keygen`. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Signer {
  readonly kid: string;
  /** Private key, PEM. */
  readonly keyFile: string;
}

export interface TestRoster {
  readonly file: string;
  /** Reviewer, Ed25519, no passphrase. */
  readonly rita: Signer;
  /** Reviewer, P-256, with a passphrase. */
  readonly rosa: Signer & { readonly passphraseFile: string };
  /** Pharmacist, not a reviewer. */
  readonly paul: Signer;
  /** Not on the roster. */
  readonly stranger: Signer;
}

const PASSPHRASE = 'correct horse battery staple';
const LONG = { valid_from: '2020-01-01T00:00:00Z', valid_until: '2099-01-01T00:00:00Z' };

/** Writes roster and keys into `folder`. */
export function writeRoster(folder: string): TestRoster {
  const pairs = {
    rita: generateKeyPairSync('ed25519'),
    rosa: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    paul: generateKeyPairSync('ed25519'),
    stranger: generateKeyPairSync('ed25519'),
  };
  const keyOf = (kid: keyof typeof pairs) => {
    const { kty, crv, x, y } = pairs[kid].publicKey.export({ format: 'jwk' });
    return [{ kid, jwk: { kty, crv, x, ...(y === undefined ? {} : { y }) }, ...LONG }];
  };
  const signer = (kid: keyof typeof pairs, passphrase?: string): Signer => {
    const keyFile = join(folder, `${kid}.pem`);
    writeFileSync(keyFile, pemOf(pairs[kid].privateKey, passphrase), { mode: 0o600 });
    return { kid, keyFile };
  };
  const people = [
    { name: 'Rita Reviewer', roles: ['reviewer'], keys: keyOf('rita') },
    { name: 'Rosa Reviewer', roles: ['reviewer'], keys: keyOf('rosa') },
    { name: 'Paul Pharmacist', npi: '1234567893', roles: ['pharmacist'], keys: keyOf('paul') },
  ];
  const file = join(folder, 'roster.yaml');
  const passphraseFile = join(folder, 'passphrase');
  // JSON is YAML too.
  writeFileSync(file, JSON.stringify({ people }, null, 2));
  writeFileSync(passphraseFile, `${PASSPHRASE}\n`, { mode: 0o600 });
  return {
    file,
    rita: signer('rita'),
    rosa: { ...signer('rosa', PASSPHRASE), passphraseFile },
    paul: signer('paul'),
    stranger: signer('stranger'),
  };
}

function pemOf(key: KeyObject, passphrase?: string): string | Buffer {
  const plain = { type: 'pkcs8', format: 'pem' } as const;
  return key.export(passphrase === undefined ? plain : { ...plain, cipher: 'aes-256-cbc', passphrase });
}
