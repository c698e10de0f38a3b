/** The pieces of a certificate that pkijs has no short form for. */
import { BitString, Integer, OctetString, Utf8String } from 'asn1js';
import { AttributeTypeAndValue, Extension, RelativeDistinguishedNames, Time } from 'pkijs';

/** Object identifiers of RFC 5280 and RFC 9336. */
export const OID = {
  commonName: '2.5.4.3',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
  subjectKeyIdentifier: '2.5.29.14',
  authorityKeyIdentifier: '2.5.29.35',
  crlNumber: '2.5.29.20',
  crlReason: '2.5.29.21',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  documentSigning: '1.3.6.1.5.5.7.3.36',
} as const;

/** Bits of KeyUsage (RFC 5280 section 4.2.1.3), the first one highest. */
export const USAGE = { digitalSignature: 0x80, nonRepudiation: 0x40, keyCertSign: 0x04, crlSign: 0x02 } as const;

/** ub-common-name of RFC 5280. */
const MAX_COMMON_NAME = 64;

/** A name that is one CN. Throws `RangeError` for one that is empty or over 64 characters. */
export function commonName(name: string): RelativeDistinguishedNames {
  if (name === '' || name.length > MAX_COMMON_NAME) throw new RangeError('a common name has 1 to 64 characters');
  const value = new Utf8String({ value: name });
  return new RelativeDistinguishedNames({
    typesAndValues: [new AttributeTypeAndValue({ type: OID.commonName, value })],
  });
}

export function extension(extnID: string, critical: boolean, value: { toBER(): ArrayBuffer }): Extension {
  return new Extension({ extnID, critical, extnValue: value.toBER() });
}

export function keyUsage(bits: number): Extension {
  // DER: no trailing zero bits.
  let unusedBits = 0;
  while (((bits >> unusedBits) & 1) === 0) unusedBits += 1;
  return extension(OID.keyUsage, true, new BitString({ valueHex: new Uint8Array([bits]), unusedBits }));
}

export function keyIdentifier(bytes: Uint8Array): OctetString {
  return new OctetString({ valueHex: new Uint8Array(bytes) });
}

/** A serial number from random bytes: above 0 and at most 20 bytes (RFC 5280 section 4.1.2.2). */
export function serialNumber(random: Uint8Array): Integer {
  const copy = new Uint8Array(random);
  copy[0] = ((copy[0] ?? 0) & 0x7f) | 0x40;
  return new Integer({ valueHex: copy });
}

/** Whole seconds; UTCTime until 2049 and GeneralizedTime from then on (RFC 5280 section 4.1.2.5). */
export function time(utcMs: number): Time {
  const value = new Date(Math.floor(utcMs / 1000) * 1000);
  return new Time({ value, type: value.getUTCFullYear() < 2050 ? 0 : 1 });
}
