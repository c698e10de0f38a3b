/** A certificate authority for one test, made by openssl: leaves of any validity and name. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SelfSigned } from './self-signed.ts';

export interface LeafOptions {
  /** `openssl x509v3_config(5)`, such as `IP:127.0.0.1` or `DNS:pms.example`. */
  readonly altName?: string;
  /** UTC as openssl writes it, `YYYYMMDDHHMMSSZ`; default: from 2020 to 2049. */
  readonly from?: string;
  readonly until?: string;
  /** Extended key usage, such as `serverAuth`; default: none is stated. */
  readonly purpose?: string;
  /** A certificate that may issue others. */
  readonly isAuthority?: boolean;
  /** The subject as `openssl req -subj` reads it, for what no proper request would ask for; default: `/CN={name}`. */
  readonly subject?: string;
}

const CONFIG = (folder: string, altName: string, { purpose, isAuthority }: LeafOptions) => `
[ca]
default_ca = this
[this]
new_certs_dir = ${folder}
database = ${folder}/index.txt
serial = ${folder}/serial
default_md = sha256
policy = any
unique_subject = no
email_in_dn = no
preserve = yes
string_mask = utf8only
[any]
commonName = optional
organizationName = optional
[leaf]
subjectAltName = ${altName}
basicConstraints = CA:${isAuthority === true ? 'TRUE' : 'FALSE'}
${purpose === undefined ? '' : `extendedKeyUsage = ${purpose}`}
`;

export class Authority {
  readonly #folder: string;
  readonly #name: string;
  /** PEM. */
  readonly cert: string;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', this.#file('key')];
    openssl('req', '-x509', ...key, '-days', '2', '-subj', `/CN=${name}`, '-out', this.#file('crt'));
    this.cert = readFileSync(this.#file('crt'), 'utf8');
    writeFileSync(join(folder, 'index.txt'), '');
    writeFileSync(join(folder, 'serial'), '01\n');
  }

  /** A certificate signed by this authority, with its key; `name` also names its files. */
  leaf(name: string, options: LeafOptions = {}): SelfSigned {
    const { altName = 'IP:127.0.0.1', from = '20200101000000Z', until = '20491231000000Z' } = options;
    const [key, request, cert, config] = ['key', 'csr', 'crt', 'cnf'].map((end) =>
      join(this.#folder, `${this.#name}-${name}.${end}`),
    ) as [string, string, string, string];
    writeFileSync(config, CONFIG(this.#folder, altName, options));
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    openssl('req', ...curve, '-utf8', '-subj', options.subject ?? `/CN=${name}`, '-keyout', key, '-out', request);
    const signer = ['-cert', this.#file('crt'), '-keyfile', this.#file('key')];
    const span = ['-startdate', from, '-enddate', until, '-extensions', 'leaf', '-notext'];
    openssl('ca', '-batch', '-config', config, ...signer, '-in', request, '-out', cert, ...span);
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  }

  #file(end: string): string {
    return join(this.#folder, `${this.#name}.${end}`);
  }
}

function openssl(...args: readonly string[]): void {
  const made = spawnSync('openssl', args, { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`openssl ${args[0]}: ${made.stderr}`);
}
