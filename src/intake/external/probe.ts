/**
 * Measures what matters of a broker before a store relies on it: that it keeps a session and what is published while
 * nobody is there, and how many publishes it delivers without a PUBACK. Uses client ids and a topic of its own
 * (`pos/{store}/doctor/check`), which no gateway reads, and removes its session at the end.
 */
import type { Timers } from '../../base/clock.ts';
import type { BrokerAddress } from './broker-url.ts';
import type { ConnectionOptions } from './connection.ts';
import { EXTERNAL_DEFAULTS } from './options.ts';
import { ProbeFailure, ProbeSession } from './probe-session.ts';

/** `ok`: as it should be. `warn`: works, and could lose or slow something. `unknown`: could not be measured. */
export type FindingStatus = 'ok' | 'warn' | 'fail' | 'unknown';

export interface Finding {
  readonly check: 'connection' | 'rights' | 'session' | 'queued' | 'window' | 'product' | 'queue';
  readonly status: FindingStatus;
  /** What was seen. */
  readonly seen: string;
  /** What to do; null when all is well. */
  readonly advice: string | null;
}

export interface ProbeOptions {
  readonly address: BrokerAddress;
  readonly clientId: string;
  readonly store: string;
  readonly acknowledge: 'after_commit' | 'after_sync';
}

/** More than the defaults of the brokers we know (RabbitMQ 10, Mosquitto 20, EMQX 32), few enough to be quick. */
const PUBLISHES = 64;
const STEP_MS = 10_000;
/** Silence after which nothing more is expected. */
const QUIET_MS = 2000;

/** Never throws for what a broker does; `config_invalid` where nothing can be tried. */
export async function probeBroker(options: ProbeOptions, timers: Timers): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    findings.push(...(await entrance(options, timers)));
    findings.push(...(await keeping(options, timers)));
  } catch (error) {
    if (!(error instanceof ProbeFailure)) throw error;
    const { code, text } = error.closing;
    const check = findings.length === 0 ? 'connection' : 'session';
    const advice =
      findings.length === 0
        ? `${text}.`
        : `Let this user read and write pos/${options.store}/doctor/check for the measurement. ${text}.`;
    findings.push({ check, status: findings.length === 0 ? 'fail' : 'unknown', seen: code, advice });
  }
  return findings;
}

function connection({ address, clientId }: ProbeOptions, name: string, cleanSession: boolean): ConnectionOptions {
  return { ...EXTERNAL_DEFAULTS, address, clientId: `${clientId}-${name}`, cleanSession };
}

/** Can the gateway come in, and read what it must. Records that pass meanwhile are dropped unread. */
async function entrance(options: ProbeOptions, timers: Timers): Promise<Finding[]> {
  const session = await ProbeSession.open(connection(options, 'doctor-in', true), timers);
  session.close();
  const findings: Finding[] = [{ check: 'connection', status: 'ok', seen: options.address.url, advice: null }];
  for (const topic of [`pos/${options.store}/+/records`, `pos/${options.store}/status`]) {
    findings.push(await right(options, topic, timers));
  }
  return [...findings, product(await versionOf(options, timers))];
}

/** In a session of its own: a broker may answer a subscription it refuses by hanging up. */
async function right(options: ProbeOptions, topic: string, timers: Timers): Promise<Finding> {
  const session = await ProbeSession.open(connection(options, 'doctor-in', true), timers);
  const advice = `Let this user read ${topic} with QoS 1.`;
  try {
    const granted = await session.subscribe(topic, STEP_MS);
    if (granted === 1) return { check: 'rights', status: 'ok', seen: `may read ${topic} with QoS 1`, advice: null };
    return { check: 'rights', status: 'fail', seen: `QoS ${granted} granted for ${topic}`, advice };
  } catch (error) {
    if (!(error instanceof ProbeFailure)) throw error;
    return { check: 'rights', status: 'fail', seen: `may not read ${topic} (${error.closing.code})`, advice };
  } finally {
    session.close();
  }
}

/** What the broker says of itself; null when nothing. Brokers without that topic grant it all the same and stay silent. */
async function versionOf(options: ProbeOptions, timers: Timers): Promise<string | null> {
  const session = await ProbeSession.open(connection(options, 'doctor-in', true), timers);
  try {
    await session.subscribe('$SYS/broker/version', STEP_MS);
    await session.settle(1, QUIET_MS);
    return session.received[0] === undefined ? null : String(session.received[0].payload).slice(0, 100);
  } catch (error) {
    if (!(error instanceof ProbeFailure)) throw error;
    return null;
  } finally {
    session.close();
  }
}

function product(version: string | null): Finding {
  if (version === null || !/mosquitto/i.test(version)) {
    const advice =
      'The broker does not say what it is. See docs/how-to/external-broker.md for the settings of yours: replicated and durable session queues, no expiry of sessions, no time-out of consumers.';
    return { check: 'product', status: 'unknown', seen: version ?? 'no $SYS/broker/version', advice };
  }
  const advice =
    'Mosquitto is not replicated, and it acknowledges before its disk has the message: what came since the last autosave is lost with the machine. Set persistence true and autosave_on_changes true with autosave_interval 1, or take a broker with replicated queues.';
  return { check: 'product', status: 'warn', seen: version, advice };
}

async function keeping(options: ProbeOptions, timers: Timers): Promise<Finding[]> {
  const topic = `pos/${options.store}/doctor/check`;
  const lasting = connection(options, 'doctor', false);
  const first = await ProbeSession.open(lasting, timers);
  await first.subscribe(topic, STEP_MS);
  first.close();
  const sender = await ProbeSession.open(connection(options, 'doctor-out', true), timers);
  await sender.publish(topic, PUBLISHES, STEP_MS);
  sender.close();
  const again = await ProbeSession.open(lasting, timers);
  const findings = await measure(again, options);
  again.close();
  const end = await ProbeSession.open({ ...lasting, cleanSession: true }, timers);
  end.close();
  return findings;
}

async function measure(session: ProbeSession, options: ProbeOptions): Promise<Finding[]> {
  if (!session.sessionPresent) {
    const advice =
      'Let the broker keep sessions that are not clean: records published while no gateway is there are lost.';
    return [{ check: 'session', status: 'fail', seen: 'the session was gone after a reconnect', advice }];
  }
  await session.settle(PUBLISHES, QUIET_MS);
  const window = session.received.length;
  let arrived = 0;
  for (let more = session.acknowledge(); more > 0; more = session.acknowledge()) {
    arrived += more;
    await session.settle(Math.min(window, PUBLISHES - arrived), QUIET_MS);
  }
  return [
    { check: 'session', status: 'ok', seen: 'kept over a reconnect', advice: null },
    queued(arrived),
    windowFinding(window, options.acknowledge),
  ];
}

function queued(arrived: number): Finding {
  const seen = `${arrived} of ${PUBLISHES} messages published meanwhile were delivered`;
  if (arrived >= PUBLISHES) return { check: 'queued', status: 'ok', seen, advice: null };
  const advice = 'The broker drops what waits for an absent client: lift the limit (Mosquitto: max_queued_messages 0).';
  return { check: 'queued', status: 'fail', seen, advice };
}

function windowFinding(window: number, acknowledge: ProbeOptions['acknowledge']): Finding {
  if (window >= PUBLISHES) {
    return { check: 'window', status: 'ok', seen: `at least ${PUBLISHES} on their way without a PUBACK`, advice: null };
  }
  const setting = 'RabbitMQ: mqtt.prefetch; Mosquitto: max_inflight_messages; EMQX: max_inflight';
  const cost =
    acknowledge === 'after_sync'
      ? `At most ${window} records go to the PMS in one round trip, and a Schedule II record waits behind as many.`
      : `At most ${window} records share one commit.`;
  const seen = `${window} on their way without a PUBACK`;
  return { check: 'window', status: 'warn', seen, advice: `${cost} Raise it to some hundreds (${setting}).` };
}
