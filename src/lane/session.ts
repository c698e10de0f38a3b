/**
 * One MQTT connection of a till, from CONNECT to close; never a second one. MQTT.js would keep unacknowledged packets
 * in memory and send them again by itself, in an order of its own. So it gets a fresh client for every connection, is
 * never told to reconnect, and never holds a packet while it is not connected: what is sent, and when again, is
 * decided by the outbox.
 */
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { CounterfoilError, messageOf } from '../base/errors.ts';

/** Twice this without a sign of life and MQTT.js gives the connection up. */
const KEEPALIVE_SECONDS = 15;
const CONNECT_TIMEOUT_MS = 10_000;

/** How the till shows who it is; all PEM or text, read by the caller. */
export interface LaneCredentials {
  /** Certificate authority of the gateway's own certificate. */
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly username?: string;
  readonly password?: string;
  /** `ca` issues certificates to this gateway alone: it is known by it, whatever name or address it is reached by. */
  readonly isPinned?: true;
}

export interface SessionOptions {
  /** `mqtt://host[:port]` or `mqtts://host[:port]`. */
  readonly url: string;
  /** At most 23 letters and digits (MQTT 3.1.1, 3.1.3.1). */
  readonly clientId: string;
  readonly publishTopic: string;
  /** Subscribed with QoS 1 before anything is published, so that no receipt comes before somebody listens. */
  readonly subscribeTopics: readonly string[];
  /** Asked for each connection anew, so that a renewed certificate is used from the next one on. */
  readonly credentials?: () => LaneCredentials;
}

export interface SessionEvents {
  onReady(): void;
  /** `isLive`: it was sent now; otherwise the broker had kept it (retained). */
  onMessage(topic: string, payload: Buffer, isLive: boolean): void;
  /** Called once, when nothing more will come of this session; `reason` is for people. */
  onGone(reason: string): void;
}

export interface LaneSession {
  /** Publishes with QoS 1; `onPuback` is called at most once, and never after `onGone`. Call only when ready. */
  publish(payload: Buffer, onPuback: () => void): void;
  /** Gives the connection up at once; `onGone` follows. */
  drop(reason: string): void;
  /** Closes the connection and resolves when that is done; `onGone` may or may not be called. */
  close(): Promise<void>;
}

/** Starts connecting. Throws `usage` for a URL, certificate or key that is none; everything later is told by `events`. */
export function openSession(options: SessionOptions, events: SessionEvents): LaneSession {
  const client = connectOrExplain(connectOptions(options));
  let reason = 'the connection was closed';
  let isGone = false;

  const drop = (why: string) => {
    reason = why;
    client.end(true);
  };
  client.on('error', (error) => {
    // OpenSSL's texts run over several lines; the first says it.
    reason = messageOf(error).split('\n', 1).join();
  });
  client.on('connect', () => subscribe(client, options.subscribeTopics, events.onReady, drop));
  client.on('message', (topic, payload, packet) => {
    if (!isGone) events.onMessage(topic, payload, !packet.retain);
  });
  client.on('close', () => {
    if (isGone) return;
    isGone = true;
    client.end(true);
    events.onGone(reason);
  });

  return {
    publish(payload, onPuback) {
      // A packet that is handed over while disconnected would wait inside MQTT.js; the outbox has it anyway.
      if (!client.connected || isGone) return;
      client.publish(options.publishTopic, payload, { qos: 1 }, (error) => {
        if (!error && !isGone) onPuback();
      });
    },
    drop,
    // Without DISCONNECT: saying it waits for outstanding PUBACKs, and a gateway that hangs would hang the till's exit.
    close: () => client.endAsync(true),
  };
}

function subscribe(
  client: MqttClient,
  topics: readonly string[],
  onReady: () => void,
  drop: (why: string) => void,
): void {
  client.subscribe([...topics], { qos: 1 }, (error) => {
    // MQTT 3.1.1 gives no reason (return code 0x80); the gateway's log has it.
    if (error) drop('the gateway refused the subscriptions: not its store, or not a lane of this connection');
    else onReady();
  });
}

/** Only a certificate or key that is none fails here, before anything is sent. */
function connectOrExplain(options: IClientOptions): MqttClient {
  try {
    return connect(options);
  } catch (error) {
    const hint = 'check that the files for --ca-file, --cert-file and --key-file are PEM and belong together';
    throw new CounterfoilError(
      'usage',
      `the lane's certificate or key cannot be used: ${messageOf(error)}`,
      hint,
      error,
    );
  }
}

function connectOptions({ url, clientId, credentials }: SessionOptions): IClientOptions {
  const { protocol, hostname, port } = parseUrl(url);
  const { isPinned, ...shown } = credentials?.() ?? {};
  return {
    protocol,
    host: hostname,
    ...(port === '' ? {} : { port: Number(port) }),
    ...shown,
    ...(isPinned === true ? { checkServerIdentity: () => undefined } : {}),
    clientId,
    protocolVersion: 4,
    clean: true,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    keepalive: KEEPALIVE_SECONDS,
    connectTimeout: CONNECT_TIMEOUT_MS,
  };
}

function parseUrl(url: string): { protocol: 'mqtt' | 'mqtts'; hostname: string; port: string } {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const protocol = parsed?.protocol.slice(0, -1);
  if (parsed === null || (protocol !== 'mqtt' && protocol !== 'mqtts') || parsed.hostname === '') {
    throw new CounterfoilError('usage', 'the gateway URL is not one', 'write mqtt://host:1883 or mqtts://host:8883');
  }
  return { protocol, hostname: parsed.hostname.replace(/^\[|\]$/g, ''), port: parsed.port };
}
