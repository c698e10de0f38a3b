/** Lanes and their proofs, put together: register, doorkeeper, the listener for enrolment, and what intake asks of them. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { systemClock, systemTimers } from '../base/clock.ts';
import { parseListenUrl } from '../base/config/address.ts';
import type { Config } from '../base/config/load.ts';
import { readSecretFile } from '../base/config/secrets.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Operations } from '../base/socket/operations.ts';
import type { RecordBuffer } from '../buffer/api.ts';
import { bufferPaths, readBoxKey } from '../buffer/files.ts';
import type { NoteLanes } from '../enrolment/api.ts';
import { makeServerPair, readAuthorities, type ServerPair } from '../enrolment/authority.ts';
import { Doorkeeper } from '../enrolment/doorkeeper.ts';
import { laneOperations } from '../enrolment/operations.ts';
import { LaneRegister } from '../enrolment/register.ts';
import { EnrolServer } from '../enrolment/server.ts';
import type { IdentityPort, ListenerFiles, TlsMaterial } from '../intake/identity.ts';
import type { IntakeStage } from '../intake/stage.ts';
import type { Timekeeper } from '../link/time/timekeeper.ts';
import type { BestTime } from '../pki/client-verdict.ts';
import { RELEASED_AT_MS } from './version.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const DEFAULT_ENROL_PORT = 8884;

export interface LanesParts {
  readonly buffer: Pick<RecordBuffer, 'note'>;
  readonly log: Log;
  readonly time: Pick<Timekeeper, 'facts'>;
  /** Null before the lanes are served. */
  readonly intake: () => IntakeStage | null;
}

export interface OpenLanes {
  readonly identity: IdentityPort;
  readonly register: LaneRegister;
  readonly doorkeeper: Doorkeeper;
  readonly operations: Operations;
  /** Opens the listener for enrolment where there is one; once lanes are served. */
  serve(): Promise<void>;
  /** Takes certificates, keys and authorities anew. */
  reload(): Promise<void>;
  stop(): Promise<void>;
}

/** @throws CounterfoilError `lanes_unusable`, `config_unreadable`, `storage_io` when there is no authority to be had. */
export async function openLanes(config: Config, parts: LanesParts): Promise<OpenLanes> {
  const { buffer, log, time } = parts;
  const note: NoteLanes = (kind, body) => buffer.note('audit', kind, body);
  const issueMs = () => Math.max(Math.trunc(bestTime(time).utcMs), RELEASED_AT_MS);
  const random = (count: number) => randomBytes(count);
  const isAuthority = isEnrolling(config);
  const { certificateDays, codeHours } = config.lanes;
  const register = new LaneRegister(
    {
      dataDir: config.dataDir,
      gatewayId: config.gateway.id,
      isAuthority,
      boxKey: readBoxKey(bufferPaths(config.dataDir)),
      certificateMs: certificateDays * DAY_MS,
      codeMs: codeHours * HOUR_MS,
    },
    { clock: systemClock, random, log, note, issueMs, onRevoked: (lane) => parts.intake()?.cut(lane) },
  );
  await register.start();
  const now = () => bestTime(time);
  const doorkeeper = new Doorkeeper({ register, clock: systemClock, now, random, note, log });
  const pairs = new ServerPairs(config, register, issueMs, random);
  await pairs.renew();
  const server = new EnrolServer({
    pair: () => pairs.pair,
    authorities: () => pairs.authorities,
    byCertificate: (shown, address) => doorkeeper.byCertificate(shown, address),
    enrol: (secret, request, address) => register.enrol(secret, request, address),
    renew: (lane, request, address) => register.renew(lane, request, address),
    list: () => register.list(),
    about: () => ({
      store: config.gateway.store,
      gateway_id: config.gateway.id,
      mqtt_ports: securePorts(parts.intake()?.addresses ?? []),
    }),
    clock: systemClock,
    log,
    onRefused: (body) => {
      note('enroll_refused', body).catch((error: unknown) => {
        log.error('a trail entry could not be written', { error: messageOf(error) });
      });
    },
  });
  let url: string | null = null;
  const again = async () => {
    await pairs.renew();
    server.reload();
    parts.intake()?.reloadTls();
  };
  const cancelHourly = hourly(() => {
    parts.intake()?.judgeAgain();
    if (pairs.isDue(issueMs())) {
      again().catch((error: unknown) => log.error('no new certificate for the listeners', { error: messageOf(error) }));
    }
  });
  return {
    identity: identityOf(doorkeeper, register, pairs),
    register,
    doorkeeper,
    operations: laneOperations({
      register,
      urls: () => (url === null ? [] : reachableUrls(config, url)),
      connected: (lane) => connectedAs(parts.intake(), lane),
    }),
    async serve() {
      const wanted = enrolUrl(config);
      if (wanted === null) return;
      url = await server.start(wanted);
      log.info('tills can be enrolled', { address: url });
    },
    reload: again,
    async stop() {
      cancelHourly();
      await server.stop();
      await register.stop();
    },
  };
}

/** By what is known of the clock; see docs/decisions/0022. */
function bestTime(time: LanesParts['time']): BestTime {
  const { quality, source, offsetMs } = time.facts();
  const utcMs = systemClock.utcMs();
  if (quality === 'unknown') return { utcMs, trust: 'unsure' };
  if (offsetMs !== null && source !== 'none') return { utcMs: utcMs + offsetMs, trust: 'sure' };
  return { utcMs, trust: quality === 'synchronised' ? 'sure' : 'wrong' };
}

/** The gateway's own certificate for its listeners, and those the configuration names. */
class ServerPairs {
  readonly #config: Config;
  readonly #register: LaneRegister;
  readonly #issueMs: () => number;
  readonly #random: (count: number) => Buffer;
  #pair: ServerPair | null = null;

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

  of({ certFile, keyFile, laneCaFile }: ListenerFiles): TlsMaterial {
    const authorities = laneCaFile === null ? this.authorities : readAuthorities(laneCaFile);
    if (certFile === null || keyFile === null) return { cert: this.pair.cert, key: this.pair.key, authorities };
    return { cert: readCertificate(certFile), key: readSecretFile(keyFile), authorities };
  }
}

function identityOf(doorkeeper: Doorkeeper, register: LaneRegister, pairs: ServerPairs): IdentityPort {
  return {
    tls: (listener) => pairs.of(listener),
    byCertificate: (shown, address) => doorkeeper.byCertificate(shown, address),
    byPassword: (name, password, address) => doorkeeper.byPassword(name, password, address),
    get hasPasswords() {
      return register.hasPasswords;
    },
    mayBeUnproved: (lane, address) => doorkeeper.mayBeUnproved(lane, address),
    onKnown: (proof, address) => doorkeeper.onKnown(proof, address),
    onTwice: (lane, address, other) => doorkeeper.onTwice(lane, address, other),
  };
}

function isEnrolling({ intake, mqtt }: Config): boolean {
  if (intake.source === 'external') return false;
  return mqtt.listen.some(({ url, laneCaFile }) => laneCaFile === null && parseListenUrl(url)?.secure === true);
}

/** As configured, or beside the first listener whose lanes are enrolled here; null where none are. */
function enrolUrl(config: Config): string | null {
  if (!isEnrolling(config)) return null;
  if (config.lanes.enrollUrl !== null) return config.lanes.enrollUrl;
  const first = config.mqtt.listen.find(
    ({ url, laneCaFile }) => laneCaFile === null && parseListenUrl(url)?.secure === true,
  );
  const address = parseListenUrl(first?.url ?? '');
  if (address === null) return null;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `https://${host}:${address.port === 0 ? 0 : DEFAULT_ENROL_PORT}`;
}

/** Every name a till may know this box by. */
function namesOf({ lanes }: Config): string[] {
  const host = hostname();
  const plain = /^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/.test(host) ? [host] : [];
  return [...new Set([...lanes.serverNames, ...plain, 'localhost', '127.0.0.1', '::1', ...ownAddresses()])];
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flat()
    .flatMap((each) => (each === undefined || each.internal || each.address.startsWith('fe80:') ? [] : [each.address]));
}

/** Where a till can ask: at the address itself, or at what this box is called where it listens on every address. */
function reachableUrls({ lanes }: Config, url: string): string[] {
  const { hostname: host, port } = new URL(url);
  if (host !== '0.0.0.0' && host !== '[::]') return [url];
  const addresses = [...lanes.serverNames, ...ownAddresses(), hostname()];
  return [...new Set(addresses)].map((name) => `https://${name.includes(':') ? `[${name}]` : name}:${port}`);
}

function securePorts(addresses: readonly string[]): number[] {
  return addresses.flatMap((address) => {
    const parsed = parseListenUrl(address);
    return parsed?.secure === true ? [parsed.port] : [];
  });
}

function connectedAs(intake: IntakeStage | null, lane: string) {
  const view = intake?.lanes().find((each) => each.lane === lane);
  const grace = view?.proofs.some(({ dates }) => dates !== 'valid') ?? false;
  return { connections: view?.connections ?? 0, grace };
}

function readCertificate(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const message = `cannot read ${path}: ${messageOf(error)}`;
    throw new CounterfoilError('config_unreadable', message, 'Check mqtt.listen[].cert_file.', error);
  }
}

function hourly(task: () => void): () => void {
  let cancel = () => {};
  const next = () => {
    cancel = systemTimers.after(HOUR_MS, () => {
      task();
      next();
    });
  };
  next();
  return () => cancel();
}
