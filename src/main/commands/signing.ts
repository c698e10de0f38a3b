/** A person's private key on the command line, and signing with it. The key never leaves this process. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readSecretFile } from '../../base/config/secrets.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { algorithmOf, signDetached, toCompact } from '../../record/jws.ts';
import type { Person } from './person.ts';

export interface SigningFlags {
  /** File with the private key (PEM, PKCS #8). */
  readonly key: string;
  readonly kid: string;
  readonly meaning: string;
  readonly passphraseFile?: string;
}

/**
 * Opens the private key; a passphrase comes from its file or from the person. Throws `config_unreadable` for files that
 * cannot be read or that others can, and `usage` for what is no key or does not open.
 */
export async function openSigningKey(
  flags: Pick<SigningFlags, 'key' | 'passphraseFile'>,
  person: Person,
): Promise<KeyObject> {
  const pem = readSecretFile(flags.key);
  const passphrase = await passphraseFor(pem, flags, person);
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: pem, format: 'pem', ...(passphrase === null ? {} : { passphrase }) });
  } catch (error) {
    // OpenSSL's own words could be about the passphrase; they are not repeated.
    const what = passphrase === null ? `${flags.key} is no private key (PEM)` : `${flags.key} does not open`;
    throw new CounterfoilError('usage', what, 'Check the file, and the passphrase if it has one.', error);
  }
  if (algorithmOf(key) !== null) return key;
  const hint = 'Use an Ed25519 or P-256 key; "counterfoil roster keygen" makes one.';
  throw new CounterfoilError('usage', `${flags.key} is a key of another kind`, hint);
}

async function passphraseFor(
  pem: string,
  { key, passphraseFile }: Pick<SigningFlags, 'key' | 'passphraseFile'>,
  person: Person,
): Promise<string | null> {
  if (!pem.includes('ENCRYPTED')) {
    person.tell(`note: ${key} has no passphrase, so whoever has the file can sign\n`);
    return null;
  }
  if (passphraseFile !== undefined) return readSecretFile(passphraseFile);
  if (person.isThere) return await person.secret(`Passphrase of ${key}: `);
  const hint = 'Give it with --passphrase-file, or run this at a terminal.';
  throw new CounterfoilError('usage', `${key} has a passphrase, and there is nobody to ask for it`, hint);
}

/** Detached JWS over the text, in compact form. */
export function signText(text: string, privateKey: KeyObject, kid: string): string {
  return toCompact(signDetached(Buffer.from(text, 'utf8'), { kid, privateKey }));
}

/** Lets the person confirm an act that has been shown. Throws `usage` when they do not, or nobody is there to ask. */
export async function confirmAct({ yes }: { readonly yes?: true }, person: Person): Promise<void> {
  if (yes === true) return;
  if (!person.isThere) {
    throw new CounterfoilError('usage', 'there is nobody to confirm this', 'Run it at a terminal, or add --yes.');
  }
  if (await person.confirm('Sign this and do it? [y/N] ')) return;
  throw new CounterfoilError('usage', 'not confirmed', 'Nothing was signed and nothing was done.');
}

/** The text of a statement; what no statement may say is the person's own words, so `usage`. */
export function textToSign(text: () => string): string {
  try {
    return text();
  } catch (error) {
    const hint = 'Write the meaning on one line, 1 to 500 characters, without control characters.';
    throw new CounterfoilError('usage', 'this cannot be signed', hint, error);
  }
}
