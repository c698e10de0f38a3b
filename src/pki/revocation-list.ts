/** Lists of revoked certificates (CRL, RFC 5280 section 5): made for others, and read from a chain's own authority. */
import type { X509Certificate } from 'node:crypto';
import { Enumerated, fromBER, Integer } from 'asn1js';
import { AlgorithmIdentifier, CertificateRevocationList, Extensions, RevokedCertificate } from 'pkijs';
import { extension, OID, time } from './der.ts';
import { type Authority, authorityKey, identifierOf, parsed, subjectOf } from './issue.ts';
import { publicDer, signingKey } from './keys.ts';
import { fromPem, toPem } from './pem.ts';

export interface Revoked {
  /** Hexadecimal, as `X509Certificate.serialNumber` writes it. */
  readonly serial: string;
  /** UTC. */
  readonly atMs: number;
}

export interface ListOptions {
  readonly revoked: readonly Revoked[];
  /** Grows with every list. */
  readonly number: number;
  readonly nowMs: number;
  /** When the next list is to be expected. */
  readonly nextMs: number;
}

export interface ReadList {
  readonly serials: ReadonlySet<string>;
  /** UTC; null when the list does not say. */
  readonly nextMs: number | null;
}

/** Reason code privilegeWithdrawn (RFC 5280 section 5.3.1): the certificate is good no more, whatever became of the key. */
const PRIVILEGE_WITHDRAWN = 9;

/** A list signed by `authority`, PEM. */
export async function makeRevocationList(authority: Authority, options: ListOptions): Promise<string> {
  const list = new CertificateRevocationList({
    version: 1,
    issuer: subjectOf(authority.certificate),
    thisUpdate: time(options.nowMs),
    nextUpdate: time(options.nextMs),
    signature: new AlgorithmIdentifier(),
    crlExtensions: new Extensions({
      extensions: [
        authorityKey(identifierOf(publicDer(authority.certificate.publicKey))),
        extension(OID.crlNumber, false, new Integer({ value: options.number })),
      ],
    }),
  });
  // An empty list has no such member at all.
  if (options.revoked.length > 0) list.revokedCertificates = options.revoked.map(entry);
  await list.sign(signingKey(authority.key), 'SHA-256');
  return toPem('X509 CRL', new Uint8Array(list.toSchema(true).toBER(false)));
}

function entry({ serial, atMs }: Revoked): RevokedCertificate {
  const reason = extension(OID.crlReason, false, new Enumerated({ value: PRIVILEGE_WITHDRAWN }));
  return new RevokedCertificate({
    userCertificate: new Integer({ valueHex: new Uint8Array(Buffer.from(serial, 'hex')) }),
    revocationDate: time(atMs),
    crlEntryExtensions: new Extensions({ extensions: [reason] }),
  });
}

/** The list of `issuer` in a PEM or DER file; null when it is none, or another authority has signed it. */
export async function readRevocationList(bytes: Buffer, issuer: X509Certificate): Promise<ReadList | null> {
  const [der = bytes] = fromPem('X509 CRL', bytes.toString('latin1'));
  try {
    const list = new CertificateRevocationList({ schema: fromBER(new Uint8Array(der)).result });
    if (!(await list.verify({ issuerCertificate: parsed(issuer) }))) return null;
    const serials = (list.revokedCertificates ?? []).map(({ userCertificate }) =>
      plainSerial(Buffer.from(userCertificate.valueBlock.valueHexView).toString('hex')),
    );
    return { serials: new Set(serials), nextMs: list.nextUpdate?.value.getTime() ?? null };
  } catch {
    return null;
  }
}

/** Serial numbers without leading zero bytes, upper case, so that two ways to write one are equal. */
export function plainSerial(serial: string): string {
  return serial.toUpperCase().replace(/^(00)+(?=..)/, '');
}
