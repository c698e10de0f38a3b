/** Signing on the way out of `counterfoil lane publish`: what a till with a pharmacist's key would do. */
import { CounterfoilError } from '../../base/errors.ts';
import { canonicalBytes } from '../../record/canonical.ts';
import { type SigningKey, signDetached } from '../../record/jws.ts';
import { isObject } from '../../record/refusal.ts';
import { readSchedule } from '../../record/schedule.ts';
import { readStrictJson } from '../../record/strict-json.ts';
import { type Person, terminalPerson } from './person.ts';
import { openSigningKey } from './signing.ts';

export interface SignFlags {
  readonly signKey?: string;
  readonly signKid?: string;
  readonly signPassphraseFile?: string;
}

/** The key to sign with; null when nothing is to be signed. Throws `usage` for half of it, and as `openSigningKey`. */
export async function signingKeyOf(flags: SignFlags, person: Person = terminalPerson): Promise<SigningKey | null> {
  const { signKey, signKid, signPassphraseFile } = flags;
  if (signKey === undefined && signKid === undefined) return null;
  if (signKey === undefined || signKid === undefined) {
    const hint = 'Give both: the private key, and its kid on the roster.';
    throw new CounterfoilError('usage', '--sign-key and --sign-kid belong together', hint);
  }
  const passphrase = signPassphraseFile === undefined ? {} : { passphraseFile: signPassphraseFile };
  return { kid: signKid, privateKey: await openSigningKey({ key: signKey, ...passphrase }, person) };
}

/**
 * A Schedule II record with a signature more (those it has stay, so that a second person can sign), in RFC 8785 form.
 * Everything else goes out as it stands: what is no record is the gateway's to say.
 */
export function signPublish(bytes: Buffer, key: SigningKey): Buffer {
  const reading = readStrictJson(bytes);
  if (!reading.ok || !isObject(reading.value) || readSchedule(reading.value.schedule) !== 'II') return bytes;
  const { signatures, ...record } = reading.value;
  const earlier = Array.isArray(signatures) ? signatures : [];
  return canonicalBytes({ ...record, signatures: [...earlier, signDetached(canonicalBytes(record), key)] });
}
