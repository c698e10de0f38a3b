/** Certificate requests (PKCS #10, RFC 2986): a lane makes one for its key, the gateway reads only the key out of it. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { fromBER } from 'asn1js';
import { CertificationRequest, PublicKeyInfo } from 'pkijs';
import { commonName } from './der.ts';
import { isFitKey, publicDer, signingKey } from './keys.ts';
import { fromPem, toPem } from './pem.ts';

/** A request is a few hundred bytes with an elliptic curve and two thousand with a long RSA key. */
const MAX_REQUEST_BYTES = 8 * 1024;

export type ReadRequest =
  | { readonly ok: true; readonly publicKey: KeyObject }
  /** `key`: the kind of key, not the request, is what does not do. */
  | { readonly ok: false; readonly fault: 'form' | 'signature' | 'key' };

/** A request signed by `key`, PEM. The name is for people; whoever issues decides it anew. */
export async function makeRequest(name: string, key: KeyObject): Promise<string> {
  const request = new CertificationRequest({
    version: 0,
    subject: commonName(name),
    subjectPublicKeyInfo: new PublicKeyInfo({ schema: fromBER(new Uint8Array(publicDer(key))).result }),
    attributes: [],
  });
  await request.sign(signingKey(key), 'SHA-256');
  return toPem('CERTIFICATE REQUEST', new Uint8Array(request.toSchema(true).toBER(false)));
}

/**
 * Reads a request and checks that its maker has the private key. Names and extensions asked for are left unread: nothing a
 * lane writes decides what its certificate says.
 */
export async function readRequest(pem: string): Promise<ReadRequest> {
  const [der] =
    pem.length > MAX_REQUEST_BYTES
      ? []
      : [fromPem('CERTIFICATE REQUEST', pem), fromPem('NEW CERTIFICATE REQUEST', pem)].flat();
  if (der === undefined) return { ok: false, fault: 'form' };
  try {
    const request = new CertificationRequest({ schema: fromBER(new Uint8Array(der)).result });
    const spki = Buffer.from(request.subjectPublicKeyInfo.toSchema().toBER(false));
    const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    if (!isFitKey(publicKey)) return { ok: false, fault: 'key' };
    return (await request.verify()) ? { ok: true, publicKey } : { ok: false, fault: 'signature' };
  } catch {
    // Whatever a stranger's bytes make a parser throw says that they are no request.
    return { ok: false, fault: 'form' };
  }
}
