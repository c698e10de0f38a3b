/** Lanes and their proofs, put together: register, doorkeeper, the listener for enrolment, and what intake asks of them. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { systemClock, systemTimers } from '../base/clock.ts';
import { parseListenUrl } from '../base/config/address.ts';
import type { Config } from '../base/config/load.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Operations } from '../base/socket/operations.ts';
import type { RecordBuffer } from '../buffer/api.ts';
import { bufferPaths, readBoxKey } from '../buffer/files.ts';
import type { NoteLanes } from '../enrolment/api.ts';
import { Doorkeeper } from '../enrolment/doorkeeper.ts';
import { laneOperations } from '../enrolment/operations.ts';
import { LaneRegister } from '../enrolment/register.ts';
import { EnrolServer } from '../enrolment/server.ts';
import { laneStandings } from '../enrolment/standing.ts';
import type { EnrolmentFacts } from '../health/proof-facts.ts';
import type { IdentityPort } from '../intake/identity.ts';
import type { IntakeStage } from '../intake/stage.ts';
import type { Timekeeper } from '../link/time/timekeeper.ts';
import type { BestTime } from '../pki/client-verdict.ts';
import { LaneCertificates, ownAddresses } from './lane-certificates.ts';
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
  readonly operations: Operations;
  /** What health is told of lanes and their proofs. */
  facts(): EnrolmentFacts;
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
  const pairs = new LaneCertificates(config, register, issueMs, random);
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
    facts: () => factsOf(register, doorkeeper, pairs, parts.intake()),
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

function identityOf(doorkeeper: Doorkeeper, register: LaneRegister, pairs: LaneCertificates): IdentityPort {
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

function factsOf(
  register: LaneRegister,
  doorkeeper: Doorkeeper,
  certificates: LaneCertificates,
  intake: IntakeStage | null,
): EnrolmentFacts {
  const door = doorkeeper.facts();
  const known = register.facts();
  const views = new Map(intake?.lanes().map((view) => [view.lane, view]));
  const graceOf = (lane: string) => {
    const found = views.get(lane)?.proofs.find(({ dates }) => dates !== 'valid')?.dates;
    return found === undefined || found === 'valid' ? null : found;
  };
  const lanes = laneStandings(known, door).map((lane) => ({ ...lane, grace: graceOf(lane.lane) }));
  return { trouble: known.trouble, ...certificates.facts(), lanes, refused: door.refused };
}

function connectedAs(intake: IntakeStage | null, lane: string) {
  const view = intake?.lanes().find((each) => each.lane === lane);
  const grace = view?.proofs.some(({ dates }) => dates !== 'valid') ?? false;
  return { connections: view?.connections ?? 0, grace };
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
