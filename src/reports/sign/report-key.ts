/**
 * Who signs a report: a certificate and something that signs with its key. Whether the key is a file or lies in a token
 * is nobody's business beyond this interface.
 */
import { createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { CounterfoilError } from '../../base/errors.ts';

export interface ReportKey {
  /** The signer's certificate, then those that issued it, the root last if it is known. */
  readonly certificates: readonly X509Certificate[];
  /**
   * RSASSA-PKCS1-v1_5 with SHA-256 over `data` (RFC 8017 section 8.2): the same data gives the same bytes, so a report
   * made again is the same file, signature and all. No other algorithm with wide support in PDF readers does that.
   */
  sign(data: Uint8Array): Promise<Uint8Array>;
}

/** Extended key usages of a certificate that may sign documents: emailProtection, and RFC 9336's documentSigning. */
export const SIGNER_USAGES = ['1.3.6.1.5.5.7.3.4', '1.3.6.1.5.5.7.3.36'] as const;

const MIN_RSA_BITS = 2048;

/**
 * A signer with its key in memory.
 * @throws CounterfoilError `config_invalid` when there is no certificate, the key is not RSA or not the certificate's.
 */
export function openReportKey(keyPem: string, certificatesPem: string): ReportKey {
  const certificates = certificatesFor(certificatesPem);
  const key = readKey(keyPem);
  if (certificates[0]?.checkPrivateKey(key) === true)
    return { certificates, sign: async (data) => sign('sha256', data, key) };
  throw unfit(
    "the private key is not that of the report signer's certificate",
    'Name the key and the certificate that belong together; the signer comes first in the certificate file.',
  );
}

/**
 * The certificates of a PEM file whose first one can sign reports.
 * @throws CounterfoilError `config_invalid` when it cannot.
 */
export function certificatesFor(pem: string): X509Certificate[] {
  const certificates = readCertificates(pem);
  const [leaf] = certificates;
  if (leaf === undefined) throw unfit('there is no certificate to sign reports with', 'Name a PEM file that has one.');
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = leaf.publicKey;
  if (type !== 'rsa' || (details?.modulusLength ?? 0) < MIN_RSA_BITS) {
    throw unfit(
      `the report signer's key is no RSA key of ${MIN_RSA_BITS} bits or more`,
      'Make an RSA key: only its signatures are the same each time a report is made.',
    );
  }
  return certificates;
}

/** The certificates of a PEM file, in its order. @throws CounterfoilError `config_invalid` for what is none. */
export function readCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw unfit('a certificate (PEM) cannot be read', 'Check the certificate files of reports.signing.', error);
  }
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    // OpenSSL's own words could be about the key; they are not repeated.
    throw unfit("the report signer's key is no private key (PEM)", 'Check reports.signing.key_file.', error);
  }
}

function unfit(message: string, hint: string, cause?: unknown): CounterfoilError {
  return new CounterfoilError('config_invalid', message, hint, cause);
}
