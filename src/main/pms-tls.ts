/** TLS material for the way to the PMS, read once at the start and checked, so that a wrong file is named at once. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Config } from '../base/config/load.ts';
import { readSecretFile } from '../base/config/secrets.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';

/** PEM texts; null: the built-in public authorities, or no client certificate. */
export interface PmsTls {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  /** UTC when our own certificate ends; null without one. */
  readonly clientCertificateUntilMs: number | null;
}

/**
 * The files of `pms.ca_file`, `pms.cert_file` and `pms.key_file`.
 * @throws CounterfoilError `config_unreadable` when one cannot be read, is no PEM, or key and certificate do not belong together.
 */
export function readPmsTls({ caFile, certFile, keyFile }: Config['pms']): PmsTls {
  const ca = caFile === null ? null : readCertificates(caFile, 'pms.ca_file');
  const cert = certFile === null ? null : readCertificates(certFile, 'pms.cert_file');
  const key = keyFile === null ? null : readSecretFile(keyFile);
  try {
    createSecureContext({
      ...(ca === null ? {} : { ca }),
      ...(cert === null ? {} : { cert }),
      ...(key === null ? {} : { key }),
    });
  } catch (error) {
    throw new CounterfoilError(
      'config_unreadable',
      `the TLS files of the PMS cannot be used: ${messageOf(error).split('\n', 1).join()}`,
      'check that pms.cert_file and pms.key_file are PEM and belong together, and that the key has no passphrase',
      error,
    );
  }
  return {
    ca,
    cert,
    key,
    clientCertificateUntilMs: cert === null ? null : new X509Certificate(cert).validToDate.getTime(),
  };
}

/** A certificate, or several in one file. An unreadable one would be left out in silence by TLS itself. */
export function readCertificates(file: string, key: string): string {
  try {
    const text = readFileSync(file, 'utf8');
    const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
    if (blocks.length === 0) throw new Error('it holds no certificate in PEM');
    for (const block of blocks) new X509Certificate(block);
    return text;
  } catch (error) {
    throw new CounterfoilError(
      'config_unreadable',
      `cannot use ${file} (${key}): ${messageOf(error)}`,
      'write the path of a certificate in PEM that this user may read',
      error,
    );
  }
}
