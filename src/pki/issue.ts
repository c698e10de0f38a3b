/**
 * Certificates (RFC 5280): an authority, and what it issues. Each profile says in its extended key usage what the
 * certificate is good for, so a lane's can never stand for the gateway, nor either for the signer of a report.
 */

import { hash, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { fromBER, OctetString } from 'asn1js';
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  type Extension,
  ExtKeyUsage,
  GeneralName,
  GeneralNames,
  PublicKeyInfo,
} from 'pkijs';
import { commonName, extension, keyIdentifier, keyUsage, OID, serialNumber, time, USAGE } from './der.ts';
import { publicDer, signingKey } from './keys.ts';
import { toPem } from './pem.ts';

/** A certificate and its private key, with which others are issued. */
export interface Authority {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

/** `lane`: TLS client. `server`: TLS server. `reports`: signs reports (emailProtection and documentSigning, RFC 9336). */
export type Profile = 'lane' | 'server' | 'reports';

export interface Validity {
  /** UTC, cut to whole seconds. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Random bytes for a serial number; tests hand in their own. */
export type RandomBytes = (count: number) => Uint8Array;

export interface IssueOptions extends Validity {
  readonly profile: Profile;
  /** The CN, 1 to 64 characters. */
  readonly name: string;
  readonly publicKey: KeyObject;
  /** Addresses and DNS names, for a server. */
  readonly altNames?: readonly string[];
}

const SERIAL_BYTES = 16;

const PROFILES: Record<Profile, { readonly usage: number; readonly purposes: readonly string[] }> = {
  lane: { usage: USAGE.digitalSignature, purposes: [OID.clientAuth] },
  server: { usage: USAGE.digitalSignature, purposes: [OID.serverAuth] },
  reports: {
    usage: USAGE.digitalSignature | USAGE.nonRepudiation,
    purposes: [OID.emailProtection, OID.documentSigning],
  },
};

/** A new authority for `key`: signed by itself, and no other authority below it. */
export async function makeAuthority(
  name: string,
  key: KeyObject,
  validity: Validity,
  random: RandomBytes,
): Promise<Authority> {
  const spki = publicDer(key);
  const extensions = [
    extension(OID.basicConstraints, true, new BasicConstraints({ cA: true, pathLenConstraint: 0 }).toSchema()),
    keyUsage(USAGE.keyCertSign | USAGE.crlSign),
    extension(OID.subjectKeyIdentifier, false, keyIdentifier(identifierOf(spki))),
  ];
  const content = { name, issuer: commonName(name), spki, extensions, ...validity };
  return { certificate: await signed(content, key, random), key };
}

/** Issues a certificate. Throws `RangeError` for a name that cannot be one. */
export function issue(authority: Authority, options: IssueOptions, random: RandomBytes): Promise<X509Certificate> {
  const { profile, publicKey, altNames = [], ...rest } = options;
  const { usage, purposes } = PROFILES[profile];
  const spki = publicDer(publicKey);
  const issuerId = identifierOf(publicDer(authority.certificate.publicKey));
  const extensions = [
    extension(OID.basicConstraints, true, new BasicConstraints({ cA: false }).toSchema()),
    keyUsage(usage),
    extension(OID.extendedKeyUsage, false, new ExtKeyUsage({ keyPurposes: [...purposes] }).toSchema()),
    extension(OID.subjectKeyIdentifier, false, keyIdentifier(identifierOf(spki))),
    authorityKey(issuerId),
    ...(altNames.length === 0 ? [] : [alternativeNames(altNames)]),
  ];
  const content = { ...rest, issuer: subjectOf(authority.certificate), spki, extensions };
  return signed(content, authority.key, random);
}

/** Extension that says which key has signed. */
export function authorityKey(id: Uint8Array): Extension {
  return extension(
    OID.authorityKeyIdentifier,
    false,
    new AuthorityKeyIdentifier({ keyIdentifier: keyIdentifier(id) }).toSchema(),
  );
}

/** Method 1 of RFC 7093: the leftmost 160 bits of SHA-256 over the public key. */
export function identifierOf(spki: Uint8Array): Buffer {
  return hash('sha256', spki, 'buffer').subarray(0, 20);
}

/** The subject as it stands in the certificate, byte for byte: names are compared so. */
export function subjectOf(certificate: X509Certificate): Certificate['subject'] {
  return parsed(certificate).subject;
}

export function parsed(certificate: X509Certificate): Certificate {
  return new Certificate({ schema: fromBER(new Uint8Array(certificate.raw)).result });
}

interface Content extends Validity {
  readonly name: string;
  readonly issuer: Certificate['subject'];
  readonly spki: Uint8Array;
  readonly extensions: readonly Extension[];
}

async function signed(content: Content, key: KeyObject, random: RandomBytes): Promise<X509Certificate> {
  const made = new Certificate({
    version: 2,
    serialNumber: serialNumber(random(SERIAL_BYTES)),
    subject: commonName(content.name),
    issuer: content.issuer,
    notBefore: time(content.fromMs),
    notAfter: time(content.untilMs),
    subjectPublicKeyInfo: new PublicKeyInfo({ schema: fromBER(new Uint8Array(content.spki)).result }),
    extensions: [...content.extensions],
  });
  await made.sign(signingKey(key), 'SHA-256');
  return new X509Certificate(toPem('CERTIFICATE', new Uint8Array(made.toSchema(true).toBER(false))));
}

/** RFC 5280 section 4.2.1.6: 2 is dNSName, 7 is iPAddress. */
function alternativeNames(names: readonly string[]): Extension {
  const list = names.map((name) =>
    isIP(name) === 0
      ? new GeneralName({ type: 2, value: name })
      : new GeneralName({ type: 7, value: new OctetString({ valueHex: addressBytes(name) }) }),
  );
  return extension(OID.subjectAltName, false, new GeneralNames({ names: list }).toSchema());
}

/** The 4 or 16 bytes of an IP address. */
function addressBytes(address: string): Uint8Array {
  if (isIP(address) === 4) return new Uint8Array(address.split('.').map(Number));
  // URL writes every IPv6 address in its one short form of hexadecimal groups.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const [left, right] = [groups(head), groups(tail ?? '')];
  const all =
    tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return new Uint8Array(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}
