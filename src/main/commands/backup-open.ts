/** What opens a backup on the command line, and the temporary place in which it is looked at. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Unlock } from '../../backup/header.ts';
import { recoveryPrivateKey } from '../../backup/recipients.ts';
import { boxKeyFrom, type Unpacked } from '../../backup/unpack.ts';
import { readSecretFile } from '../../base/config/secrets.ts';
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import type { Person } from './person.ts';

export interface OpenFlags {
  /** The recovery private key (PEM). */
  readonly key?: string;
  /** Of the key, or without a key that of the backup. */
  readonly passphraseFile?: string;
  readonly boxKey?: string;
  readonly scratch?: string;
}

/** @throws CounterfoilError `usage`, `config_unreadable`, `config_invalid`. */
export async function unlockOf({ key, passphraseFile }: OpenFlags, person: Person): Promise<Unlock> {
  const given = passphraseFile === undefined ? null : readSecretFile(passphraseFile);
  if (key !== undefined) {
    const pem = readSecretFile(key);
    const isLocked = pem.includes('ENCRYPTED');
    const passphrase = isLocked ? (given ?? (await asked(`Passphrase of ${key}: `, person))) : null;
    return { key: recoveryPrivateKey(pem, key, passphrase) };
  }
  if (given !== null) return { passphrase: given };
  throw new CounterfoilError(
    'usage',
    'what opens the backup?',
    'Give the recovery private key with --key, or --passphrase-file.',
  );
}

async function asked(question: string, person: Person): Promise<string> {
  if (person.isThere) return await person.secret(question);
  throw new CounterfoilError(
    'usage',
    'the key has a passphrase, and there is nobody to ask for it',
    'Give it with --passphrase-file.',
  );
}

/** The box key of an opened backup, or the one given; null when there is neither. */
export function boxKeyOf({ wrappedBoxKey }: Unpacked, unlock: Unlock, file: string | undefined): Buffer | null {
  if (file !== undefined) return readBoxKeyFile(file);
  return wrappedBoxKey !== null && 'key' in unlock ? boxKeyFrom(wrappedBoxKey, unlock.key) : null;
}

export function readBoxKeyFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CounterfoilError(
      'config_unreadable',
      `cannot read ${path}: ${messageOf(error)}`,
      'Check --box-key.',
      error,
    );
  }
}

/** A folder of its own that goes with the work, whatever happens in it. */
export async function inScratch<T>(scratch: string | undefined, work: (folder: string) => Promise<T> | T): Promise<T> {
  const folder = mkdtempSync(join(scratch ?? tmpdir(), 'counterfoil-'));
  const drop = () => rmSync(folder, { recursive: true, force: true });
  const onSignal = () => {
    drop();
    process.exit(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
  try {
    return await work(folder);
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
    drop();
  }
}
