/**
 * Reads a detached CMS signature and says what it proves: that these bytes were signed, by the key of which certificate, and
 * what keeps a reader from trusting that. Written to refuse: what is not understood does not hold.
 */
import { createHash, timingSafeEqual, verify, X509Certificate } from 'node:crypto';
import { fromBER, Null, ObjectIdentifier, OctetString, Sequence, UTCTime } from 'asn1js';
import {
  type AlgorithmIdentifier,
  type Attribute,
  Certificate,
  ContentInfo,
  IssuerAndSerialNumber,
  SignedData,
  type SignerInfo,
} from 'pkijs';
import { chainFault, nameOf } from './chain.ts';
import { OID, signedAttributeBytes } from './cms.ts';

export interface SignatureFinding {
  /** Null: these bytes were signed with the key of that certificate. Else what is wrong, in words. */
  readonly fault: string | null;
  /** Null: the certificate comes from an authority the reader trusts. Else why that is not known, or not so. */
  readonly distrust: string | null;
  /** Common name of the certificate; null when none could be read. */
  readonly signer: string | null;
  /** The signer's word for the time. */
  readonly signedAtMs: number | null;
}

/** `content` as given and `signature` in DER, nothing behind it; `roots` are whom the reader trusts. */
export function verifyCms(
  content: Uint8Array,
  signature: Uint8Array,
  roots: readonly X509Certificate[],
): SignatureFinding {
  const message = readMessage(signature);
  if (message === null) return broken('the signature cannot be read');
  const { info, leaf, others } = message;
  const attributes = info.signedAttrs;
  if (attributes === undefined) return broken('the signature has no signed attributes');
  const of = (type: string) => only(attributes.attributes, type);
  const signedAtMs = timeOf(of(OID.signingTime));
  const fault = contentFault(content, of) ?? bindingFault(leaf, of) ?? keyFault(info, leaf);
  const distrust = chainFault(leaf, others, roots, signedAtMs ?? Number.NaN);
  return { fault, distrust, signer: nameOf(leaf), signedAtMs };
}

type AttributeValue = (type: string) => unknown;

function contentFault(content: Uint8Array, of: AttributeValue): string | null {
  const type = of(OID.contentType);
  if (!(type instanceof ObjectIdentifier) || type.valueBlock.toString() !== OID.data) {
    return 'the signature is for another kind of content';
  }
  const digest = of(OID.messageDigest);
  if (!(digest instanceof OctetString)) return 'the signature names no digest';
  return same(digest.valueBlock.valueHexView, sha256(content)) ? null : 'the bytes are not those that were signed';
}

/** The certificate is part of what was signed, so that nobody can put another one with the same key in its place. */
function bindingFault(leaf: X509Certificate, of: AttributeValue): string | null {
  const bound = of(OID.signingCertificateV2);
  const [list] = bound instanceof Sequence ? bound.valueBlock.value : [];
  const [certId] = list instanceof Sequence ? list.valueBlock.value : [];
  const members = certId instanceof Sequence ? certId.valueBlock.value : [];
  // With another algorithm than the default its identifier comes first; only SHA-256 is made here, either way it is written.
  const digest = members.find((each) => each instanceof OctetString);
  if (!(digest instanceof OctetString)) return 'the signature does not name its certificate';
  return same(digest.valueBlock.valueHexView, sha256(leaf.raw))
    ? null
    : 'the certificate is not the one that was signed';
}

function keyFault(info: SignerInfo, leaf: X509Certificate): string | null {
  if (leaf.publicKey.asymmetricKeyType !== 'rsa' || info.digestAlgorithm.algorithmId !== OID.sha256) {
    return 'the signature is of a kind this program does not make';
  }
  const signed = info.signedAttrs === undefined ? Buffer.alloc(0) : signedAttributeBytes(info.signedAttrs);
  const holds = verify('sha256', signed, leaf.publicKey, info.signature.valueBlock.valueHexView);
  return holds ? null : "the signature is not this certificate's";
}

interface Message {
  readonly info: SignerInfo;
  readonly leaf: X509Certificate;
  readonly others: readonly X509Certificate[];
}

function readMessage(signature: Uint8Array): Message | null {
  try {
    const { result, offset } = fromBER(new Uint8Array(signature));
    if (offset !== signature.length) return null;
    const content = new ContentInfo({ schema: result });
    if (content.contentType !== OID.signedData) return null;
    const data = new SignedData({ schema: content.content });
    const [info] = data.signerInfos;
    if (info === undefined || !isPlain(data, info) || !isInOneForm(data, signature)) return null;
    const certificates = (data.certificates ?? [])
      .filter((each): each is Certificate => each instanceof Certificate)
      .map((each) => ({ each, x509: new X509Certificate(Buffer.from(each.toSchema().toBER(false))) }));
    const { sid } = info;
    if (!(sid instanceof IssuerAndSerialNumber)) return null;
    const own = certificates.find(
      ({ each }) => each.serialNumber.isEqual(sid.serialNumber) && each.issuer.isEqual(sid.issuer),
    );
    if (own === undefined) return null;
    const others = certificates.filter((one) => one !== own).map(({ x509 }) => x509);
    return { info, leaf: own.x509, others };
  } catch {
    // Whatever the parser stumbles over: it is no signature we can stand by.
    return null;
  }
}

/** Only what this program writes: whatever more a message can carry is not signed, and could say anything. */
function isPlain(data: SignedData, info: SignerInfo): boolean {
  const algorithms = data.digestAlgorithms.map(({ algorithmId }) => algorithmId);
  return (
    data.version === 1 &&
    info.version === 1 &&
    data.signerInfos.length === 1 &&
    algorithms.join() === OID.sha256 &&
    data.encapContentInfo.eContentType === OID.data &&
    data.encapContentInfo.eContent === undefined &&
    [OID.rsaEncryption, OID.sha256WithRsa].some((known) => known === info.signatureAlgorithm.algorithmId) &&
    isWithoutParameters(info.signatureAlgorithm) &&
    isWithoutParameters(info.digestAlgorithm) &&
    data.digestAlgorithms.every(isWithoutParameters) &&
    info.unsignedAttrs === undefined &&
    data.crls === undefined
  );
}

function isWithoutParameters({ algorithmParams: given }: AlgorithmIdentifier): boolean {
  return given === undefined || given instanceof Null;
}

/** Encoded again it is the same bytes: a message in another form of BER would be read the same and be another file. */
function isInOneForm(data: SignedData, signature: Uint8Array): boolean {
  const again = new ContentInfo({ contentType: OID.signedData, content: data.toSchema() });
  return Buffer.from(again.toSchema().toBER(false)).equals(signature);
}

/** The one value of the one attribute of that type; undefined for none or several. */
function only(attributes: readonly Attribute[], type: string): unknown {
  const [found, ...more] = attributes.filter((each) => each.type === type);
  if (found === undefined || more.length > 0 || found.values.length !== 1) return undefined;
  return found.values[0];
}

function timeOf(value: unknown): number | null {
  return value instanceof UTCTime ? value.toDate().getTime() : null;
}

function broken(fault: string): SignatureFinding {
  return { fault, distrust: 'its signer is not known', signer: null, signedAtMs: null };
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);
