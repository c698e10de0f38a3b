/** Private keys: making them, writing them, and handing them to pkijs. */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, type webcrypto } from 'node:crypto';
import { promisify } from 'node:util';
import { CounterfoilError } from '../base/errors.ts';

/** `p256`: what every TLS library of a till knows. `rsa3072`: its signatures are the same bytes each time. */
export type KeyKind = 'p256' | 'rsa3072';

/** NIST SP 800-131A: nothing weaker after 2030. */
const LEAST_RSA_BITS = 3072;
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1'];

const generate = promisify(generateKeyPair);

/** A new private key. */
export async function makeKey(kind: KeyKind): Promise<KeyObject> {
  const pair =
    kind === 'p256'
      ? await generate('ec', { namedCurve: 'prime256v1' })
      : await generate('rsa', { modulusLength: LEAST_RSA_BITS, publicExponent: 0x10001 });
  return pair.privateKey;
}

/** PKCS #8, PEM, not encrypted: for a file of mode 0600. */
export function keyToPem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** @throws CounterfoilError `config_invalid` when `pem` (of `path`) is no private key; it says nothing of its content. */
export function keyFromPem(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const hint = 'Check that it is the right file, whole and without a passphrase.';
    throw new CounterfoilError('config_invalid', `${path} is no private key (PEM)`, hint, error);
  }
}

/** SubjectPublicKeyInfo (DER) of a key, or of the public half of one. */
export function publicDer(key: KeyObject): Buffer {
  const open = key.type === 'private' ? createPublicKey(key) : key;
  return open.export({ format: 'der', type: 'spki' });
}

/** Whether certificates are issued for such a public key: ECDSA on a NIST curve, or RSA of 3072 bits or more. */
export function isFitKey({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean {
  if (type === 'ec') return CURVES.includes(details?.namedCurve ?? '');
  return type === 'rsa' && (details?.modulusLength ?? 0) >= LEAST_RSA_BITS;
}

/** The key as pkijs signs with it; SHA-256 throughout. */
export function signingKey(key: KeyObject): webcrypto.CryptoKey {
  const isEc = key.asymmetricKeyType === 'ec';
  const algorithm = isEc
    ? { name: 'ECDSA', namedCurve: webCurve(key) }
    : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  return key.toCryptoKey(algorithm, false, ['sign']);
}

function webCurve(key: KeyObject): string {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve === 'secp384r1') return 'P-384';
  return curve === 'secp521r1' ? 'P-521' : 'P-256';
}
