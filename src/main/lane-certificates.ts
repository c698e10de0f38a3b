/** What the listeners of lanes show and trust: by the gateway's own authority, or as the configuration names it. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import type { Config } from '../base/config/load.ts';
import { readSecretFile } from '../base/config/secrets.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import { makeServerPair, readAuthorities, type ServerPair } from '../enrolment/authority.ts';
import type { LaneRegister } from '../enrolment/register.ts';
import type { EnrolmentFacts } from '../health/proof-facts.ts';
import type { ListenerFiles, TlsMaterial } from '../intake/identity.ts';
import { fingerprint } from '../pki/pem.ts';

export class LaneCertificates {
  readonly #config: Config;
  readonly #register: LaneRegister;
  readonly #issueMs: () => number;
  readonly #random: (count: number) => Buffer;
  #pair: ServerPair | null = null;
  /** By the listener's address: what it uses. */
  readonly #inUse = new Map<string, ReturnType<typeof factsOf>>();

  constructor(config: Config, register: LaneRegister, issueMs: () => number, random: (count: number) => Buffer) {
    this.#config = config;
    this.#register = register;
    this.#issueMs = issueMs;
    this.#random = random;
  }

  async renew(): Promise<void> {
    const { authority } = this.#register;
    if (authority === null) return;
    const about = { gatewayId: this.#config.gateway.id, nowMs: this.#issueMs(), random: this.#random };
    this.#pair = await makeServerPair(authority, { ...about, names: namesOf(this.#config) });
  }

  isDue(nowMs: number): boolean {
    return this.#pair !== null && nowMs >= this.#pair.renewMs;
  }

  get pair(): ServerPair {
    if (this.#pair !== null) return this.#pair;
    throw new CounterfoilError(
      'config_invalid',
      'this gateway has no authority of its own',
      'Name cert_file and key_file.',
    );
  }

  get authorities() {
    const { authority } = this.#register;
    return authority === null ? [] : [authority.certificate];
  }

  of(files: ListenerFiles): TlsMaterial {
    const material = this.#material(files);
    this.#inUse.set(files.url, factsOf(files.url, material));
    return material;
  }

  /** Authorities, and the listeners' own certificates, that are in use. */
  facts(): Pick<EnrolmentFacts, 'authorities' | 'listeners'> {
    const own = this.authorities.map((each) => authorityFacts('own', each));
    const chain = [...this.#inUse.values()].flatMap(({ trusted }) => trusted);
    const authorities = new Map([...chain, ...own].map((each) => [each.sha256, each]));
    return {
      authorities: [...authorities.values()],
      listeners: [...this.#inUse.values()].map(({ listener }) => listener),
    };
  }

  #material({ certFile, keyFile, laneCaFile }: ListenerFiles): TlsMaterial {
    const authorities = laneCaFile === null ? this.authorities : readAuthorities(laneCaFile);
    if (certFile === null || keyFile === null) return { cert: this.pair.cert, key: this.pair.key, authorities };
    return { cert: readCertificate(certFile), key: readSecretFile(keyFile), authorities };
  }
}

function factsOf(address: string, { authorities, cert }: TlsMaterial) {
  const { validFromDate, validToDate } = new X509Certificate(cert);
  const listener = { address, fromMs: validFromDate.getTime(), untilMs: validToDate.getTime() };
  return { listener, trusted: authorities.map((each) => authorityFacts('chain', each)) };
}

function authorityFacts(origin: 'own' | 'chain', certificate: X509Certificate) {
  return { origin, sha256: fingerprint(certificate).toString('hex'), untilMs: certificate.validToDate.getTime() };
}

/** Every name a till may know this box by. */
function namesOf({ lanes }: Config): string[] {
  const host = hostname();
  const plain = /^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/.test(host) ? [host] : [];
  return [...new Set([...lanes.serverNames, ...plain, 'localhost', '127.0.0.1', '::1', ...ownAddresses()])];
}

export function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flat()
    .flatMap((each) => (each === undefined || each.internal || each.address.startsWith('fe80:') ? [] : [each.address]));
}

function readCertificate(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const message = `cannot read ${path}: ${messageOf(error)}`;
    throw new CounterfoilError('config_unreadable', message, 'Check mqtt.listen[].cert_file.', error);
  }
}
