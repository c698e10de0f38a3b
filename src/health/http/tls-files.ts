/** Certificate and key of the HTTPS listener: read at the start, and again on SIGHUP; a new pair that is no good changes nothing. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { readSecretFile } from '../../base/config/secrets.ts';
import { CounterfoilError, messageOf } from '../../base/errors.ts';

export interface TlsPair {
  readonly cert: string;
  readonly key: string;
  /** UTC, when the certificate ends. */
  readonly untilMs: number;
}

/** @throws CounterfoilError `config_unreadable` when a file is missing, open to others, or the two do not belong together. */
export function readTlsPair(certFile: string | null, keyFile: string | null): TlsPair {
  const cert = readCertificate(certFile);
  const key = readSecretFile(keyFile ?? '');
  try {
    const leaf = new X509Certificate(cert);
    if (!leaf.checkPrivateKey(createPrivateKey(key))) throw new Error('the key is not the certificate’s');
    createSecureContext({ cert, key });
    return { cert, key, untilMs: Date.parse(leaf.validTo) };
  } catch (error) {
    const message = `http.cert_file and http.key_file cannot be used: ${messageOf(error)}`;
    throw new CounterfoilError('config_unreadable', message, 'write a certificate and its key as PEM files', error);
  }
}

function readCertificate(file: string | null): string {
  try {
    return readFileSync(file ?? '', 'utf8');
  } catch (error) {
    const message = `cannot read the certificate ${file}: ${messageOf(error)}`;
    throw new CounterfoilError('config_unreadable', message, 'check http.cert_file', error);
  }
}
