/**
 * An authority for one signature: it issues the certificate of this box's report key and its own key is forgotten at once,
 * so nobody can ever issue another one in its name. Officers keep its certificate; whoever has it can check every report of
 * the box, and a box that makes a new key is a new authority, which they are told of.
 */
import { webcrypto } from 'node:crypto';
import { BitString, Integer, Utf8String } from 'asn1js';
import {
  AttributeTypeAndValue,
  BasicConstraints,
  Certificate,
  Extension,
  ExtKeyUsage,
  RelativeDistinguishedNames,
  Time,
} from 'pkijs';
import { SIGNER_USAGES } from './report-key.ts';

const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 3072,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
};
/** Reports are kept for years; what was signed while it was valid stays so. */
const VALID_MS = 10 * 365.25 * 86_400_000;
/** Bits of KeyUsage (RFC 5280 section 4.2.1.3), the first one highest. */
const DIGITAL_SIGNATURE_AND_NON_REPUDIATION = 0xc0;
const KEY_CERT_SIGN = 0x04;

export interface Issued {
  /** PKCS #8, PEM. */
  readonly keyPem: string;
  /** The signer's certificate, then its root. */
  readonly certificatesPem: string;
}

export interface IssueFor {
  readonly gatewayId: string;
  readonly nowMs: number;
  /** 16 random bytes for each serial number. */
  readonly random: (bytes: number) => Uint8Array;
}

export async function issueReportKey(about: IssueFor): Promise<Issued> {
  const root = await webcrypto.subtle.generateKey(ALGORITHM, false, ['sign', 'verify']);
  const leaf = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const rootName = commonName(`Root of reports of ${about.gatewayId}`);
  const rootCertificate = await certificate(about, {
    subject: rootName,
    issuer: rootName,
    publicKey: root.publicKey,
    issuerKey: root.privateKey,
    extensions: [
      extension('2.5.29.19', true, new BasicConstraints({ cA: true, pathLenConstraint: 0 }).toSchema()),
      extension('2.5.29.15', true, usageBits(KEY_CERT_SIGN, 2)),
    ],
  });
  const leafCertificate = await certificate(about, {
    subject: commonName(`Reports of ${about.gatewayId}`),
    issuer: rootName,
    publicKey: leaf.publicKey,
    issuerKey: root.privateKey,
    extensions: [
      extension('2.5.29.19', true, new BasicConstraints({ cA: false }).toSchema()),
      extension('2.5.29.15', true, usageBits(DIGITAL_SIGNATURE_AND_NON_REPUDIATION, 6)),
      extension('2.5.29.37', false, new ExtKeyUsage({ keyPurposes: [...SIGNER_USAGES] }).toSchema()),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', leaf.privateKey));
  return {
    keyPem: pem('PRIVATE KEY', key),
    certificatesPem: pem('CERTIFICATE', leafCertificate) + pem('CERTIFICATE', rootCertificate),
  };
}

interface Content {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: webcrypto.CryptoKey;
  readonly issuerKey: webcrypto.CryptoKey;
  readonly extensions: readonly Extension[];
}

async function certificate({ nowMs, random }: IssueFor, content: Content): Promise<Buffer> {
  const made = new Certificate({
    version: 2,
    serialNumber: new Integer({ valueHex: positive(random(16)) }),
    subject: nameWith(content.subject),
    issuer: nameWith(content.issuer),
    notBefore: new Time({ value: new Date(Math.floor(nowMs / 1000) * 1000) }),
    notAfter: new Time({ value: new Date(Math.floor((nowMs + VALID_MS) / 1000) * 1000) }),
    extensions: [...content.extensions],
  });
  await made.subjectPublicKeyInfo.importKey(content.publicKey);
  await made.sign(content.issuerKey, 'SHA-256');
  return Buffer.from(made.toSchema(true).toBER(false));
}

function nameWith(name: string): RelativeDistinguishedNames {
  const value = new Utf8String({ value: name });
  return new RelativeDistinguishedNames({ typesAndValues: [new AttributeTypeAndValue({ type: '2.5.4.3', value })] });
}

/** At most 64 characters (RFC 5280, ub-common-name). */
const commonName = (name: string): string => name.slice(0, 64);

function extension(extnID: string, critical: boolean, value: { toBER(): ArrayBuffer }): Extension {
  return new Extension({ extnID, critical, extnValue: value.toBER() });
}

function usageBits(bits: number, unusedBits: number): BitString {
  return new BitString({ valueHex: new Uint8Array([bits]), unusedBits });
}

/** A serial number is above 0 and at most 20 bytes (RFC 5280 section 4.1.2.2). */
function positive(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[0] = ((copy[0] ?? 0) & 0x7f) | 0x40;
  return copy;
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
