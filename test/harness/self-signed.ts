/** Certificates for one test, made by openssl: each is its own authority. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SelfSigned {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

/** Whether openssl is there; says so loudly when it is not, for `test.skipIf`. */
export function hasOpenssl(): boolean {
  const found = spawnSync('openssl', ['version']).status === 0;
  if (!found) console.warn('SKIPPED: no openssl on this machine, tests of TLS do not run (apt-get install openssl)');
  return found;
}

/** A certificate for 127.0.0.1 and its key, valid for a day. */
export function selfSigned(folder: string, commonName: string): SelfSigned {
  const [certFile, keyFile] = [join(folder, `${commonName}.crt`), join(folder, `${commonName}.key`)];
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  args.push(
    '-subj',
    `/CN=${commonName}`,
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-keyout',
    keyFile,
    '-out',
    certFile,
  );
  const made = spawnSync('openssl', args, { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`);
  return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}
