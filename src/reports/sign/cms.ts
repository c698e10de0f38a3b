/**
 * Detached CMS signatures (RFC 5652) over bytes, with the signer's certificate bound in (ESS signing-certificate-v2, RFC
 * 5035). The same bytes, signer and time give the same signature, byte for byte.
 */
import { createHash } from 'node:crypto';
import { Integer, Null, ObjectIdentifier, OctetString, Sequence, UTCTime } from 'asn1js';
import {
  AlgorithmIdentifier,
  Attribute,
  Certificate,
  ContentInfo,
  EncapsulatedContentInfo,
  GeneralName,
  GeneralNames,
  IssuerAndSerialNumber,
  SignedAndUnsignedAttributes,
  SignedData,
  SignerInfo,
} from 'pkijs';
import type { ReportKey } from './report-key.ts';

export const OID = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  sha256: '2.16.840.1.101.3.4.2.1',
  rsaEncryption: '1.2.840.113549.1.1.1',
  sha256WithRsa: '1.2.840.113549.1.1.11',
} as const;

/** DER of a `SignedData` without content over `content`; `signedAtMs` is the signer's word, in whole seconds. */
export async function signCms(content: Uint8Array, signer: ReportKey, signedAtMs: number): Promise<Buffer> {
  const certificates = signer.certificates.map(({ raw }) => Certificate.fromBER(raw));
  const [leaf] = certificates;
  const [own] = signer.certificates;
  if (leaf === undefined || own === undefined) throw new TypeError('a signer has a certificate');
  const signedAttrs = new SignedAndUnsignedAttributes({
    type: 0,
    attributes: [
      attribute(OID.contentType, new ObjectIdentifier({ value: OID.data })),
      attribute(OID.signingTime, new UTCTime({ valueDate: new Date(signedAtMs) })),
      attribute(OID.messageDigest, octets(sha256(content))),
      attribute(OID.signingCertificateV2, certificateReference(leaf, own.raw)),
    ].sort(inDerOrder),
  });
  const signature = await signer.sign(signedAttributeBytes(signedAttrs));
  return encodeMessage({ certificates, leaf, signedAttrs, signature });
}

interface MessageParts {
  readonly certificates: readonly Certificate[];
  readonly leaf: Certificate;
  readonly signedAttrs: SignedAndUnsignedAttributes;
  readonly signature: Uint8Array;
}

function encodeMessage({ certificates, leaf, signedAttrs, signature }: MessageParts): Buffer {
  const signedData = new SignedData({
    version: 1,
    digestAlgorithms: [sha256Algorithm()],
    encapContentInfo: new EncapsulatedContentInfo({ eContentType: OID.data }),
    certificates: [...certificates],
    signerInfos: [
      new SignerInfo({
        version: 1,
        sid: new IssuerAndSerialNumber({ issuer: leaf.issuer, serialNumber: leaf.serialNumber }),
        digestAlgorithm: sha256Algorithm(),
        signedAttrs,
        signatureAlgorithm: new AlgorithmIdentifier({ algorithmId: OID.rsaEncryption, algorithmParams: new Null() }),
        signature: octets(signature),
      }),
    ],
  });
  const info = new ContentInfo({ contentType: OID.signedData, content: signedData.toSchema() });
  return Buffer.from(info.toSchema().toBER(false));
}

/** What is signed: the attributes as a SET OF, not with the tag they have inside the message (RFC 5652 section 5.4). */
export function signedAttributeBytes(attributes: SignedAndUnsignedAttributes): Buffer {
  const bytes = Buffer.from(attributes.toSchema().toBER(false));
  bytes[0] = 0x31;
  return bytes;
}

/** DER sorts the members of a SET OF by their encoding (X.690 section 11.6). */
function inDerOrder(a: Attribute, b: Attribute): number {
  return Buffer.compare(Buffer.from(a.toSchema().toBER(false)), Buffer.from(b.toSchema().toBER(false)));
}

/** `SigningCertificateV2` with one `ESSCertIDv2`; its hash algorithm is the default, SHA-256, and so left out. */
function certificateReference(leaf: Certificate, der: Uint8Array): Sequence {
  const issuer = new GeneralNames({ names: [new GeneralName({ type: 4, value: leaf.issuer })] });
  const serial = new Integer({ valueHex: leaf.serialNumber.valueBlock.valueHexView });
  const issuerSerial = new Sequence({ value: [issuer.toSchema(), serial] });
  const certId = new Sequence({ value: [octets(sha256(der)), issuerSerial] });
  return new Sequence({ value: [new Sequence({ value: [certId] })] });
}

function attribute(type: string, value: ObjectIdentifier | UTCTime | OctetString | Sequence): Attribute {
  return new Attribute({ type, values: [value] });
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
const octets = (bytes: Uint8Array): OctetString => new OctetString({ valueHex: new Uint8Array(bytes) });
const sha256Algorithm = (): AlgorithmIdentifier => new AlgorithmIdentifier({ algorithmId: OID.sha256 });
