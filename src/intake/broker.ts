/**
 * aedes with the gateway's rules in its hooks. aedes itself keeps no state we rely on: no persistent sessions, no wills,
 * no retained messages but the gateway's own status.
 */
import { randomUUID } from 'node:crypto';
import { Aedes, type Client, type ConnectPacket } from 'aedes';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { isTopicName, receiptsTopic, statusTopic } from '../record/lane-wire.ts';
import type { IdentityPort, LaneProof } from './identity.ts';
import type { Lanes } from './lanes.ts';
import type { Arrival } from './listeners.ts';
import { type Publishes, UNPROVED } from './publishes.ts';
import { maySubscribe } from './rules.ts';

export interface BrokerOptions {
  readonly store: string;
  readonly connectTimeoutMs: number;
  readonly maxKeepAliveSeconds: number;
  readonly identity: IdentityPort;
  /** What is known of a connection from before its first packet. */
  readonly arrivalOf: (client: Client) => Arrival & { readonly address: string };
}

export async function createBroker(
  options: BrokerOptions,
  lanes: Lanes,
  publishes: Publishes,
  log: Log,
): Promise<Aedes> {
  const laneField = (client: Client) => {
    const lane = lanes.session(client)?.lane;
    return lane == null ? {} : { lane };
  };

  const broker = await Aedes.createBroker({
    connectTimeout: options.connectTimeoutMs,
    // Records pipelined behind CONNECT wait here until CONNACK; MQTT allows it, and aedes would close at 42.
    queueLimit: 4096,
    drainTimeout: 30_000,
    maxTopicLevels: 8,
    // MQTT 3.1 allowed 23; libraries of today make longer ids.
    maxClientsIdLength: 256,

    preConnect(client, packet, done) {
      const refusal = refuseConnect(packet);
      if (refusal !== null) {
        log.warn('connection refused', { reason: refusal });
        done(new Error(refusal), false);
        return;
      }
      // The session lives in the lane's own outbox; an offline queue here would grow without bound.
      packet.clean = true;
      // MQTT 3.1.1 cannot tell a client a shorter keep-alive: one that asks for none or a longer one is given ours, and a
      // silent one is closed one and a half times as long after.
      const asked = packet.keepalive ?? 0;
      if (asked === 0 || asked > options.maxKeepAliveSeconds) packet.keepalive = options.maxKeepAliveSeconds;
      // A lane can take over only its own connections, never another lane's by guessing its client id; nor can one that
      // shows nothing take one of a lane that does. A name counts here because it lets nobody in without its password.
      const arrival = options.arrivalOf(client);
      const name = arrival.proof?.lane ?? (asksPassword(arrival, options) ? packet.username : null) ?? null;
      // Clients without an id are as many as there are (MQTT 3.1.1 section 3.1.3.1), not one that takes over the other.
      const clientId = packet.clientId === '' ? randomUUID() : packet.clientId;
      packet.clientId = name !== null && isTopicName(name) ? `${name}/${clientId}` : `/${clientId}`;
      done(null, true);
    },

    authenticate(client, username, password, done) {
      prove(client, username ?? null, password ?? null, options).then(
        (verdict) => {
          if (client.closed) return;
          if (verdict.ok) {
            const { address } = options.arrivalOf(client);
            lanes.open(client, verdict.proof, address);
            if (verdict.proof !== null) options.identity.onKnown(verdict.proof, address);
            done(null, true);
            return;
          }
          const { reason } = verdict;
          const returnCode = reason === 'busy' ? UNAVAILABLE : reason === 'password' ? BAD_PASSWORD : NOT_AUTHORISED;
          done(Object.assign(new Error(`the lane has not shown who it is: ${reason}`), { returnCode }), null);
        },
        (error: unknown) => done(Object.assign(new Error(messageOf(error)), { returnCode: UNAVAILABLE }), null),
      );
    },

    authorizePublish(client, packet, done) {
      const session = client === null ? undefined : lanes.session(client);
      if (session === undefined) done(new Error('a publish without a connection is refused'));
      else publishes.take(session, packet, done);
    },

    authorizeSubscribe(client, subscription, done) {
      const session = lanes.session(client);
      const verdict = maySubscribe(options.store, session?.lane ?? null, subscription.topic);
      if (session === undefined || !verdict.ok) {
        log.warn('subscription refused', { ...laneField(client), reason: verdict.ok ? 'no session' : verdict.reason });
        done(null, null);
        return;
      }
      const qos = subscription.qos === 0 ? 0 : 1;
      if (verdict.lane !== null) {
        if (session.lane === null && !options.identity.mayBeUnproved(verdict.lane, session.address)) {
          log.warn('subscription refused', { lane: verdict.lane, reason: UNPROVED });
          done(null, null);
          return;
        }
        if (!lanes.bind(session, verdict.lane)) {
          log.warn('subscription refused', { reason: 'too many lanes' });
          done(null, null);
          return;
        }
        session.receiptsQos = qos;
      }
      done(null, { ...subscription, qos });
    },
  });

  keepRecordsHere(broker);
  broker.on('unsubscribe', (filters, client) => {
    const session = lanes.session(client);
    if (session?.lane != null && filters.includes(receiptsTopic(options.store, session.lane)))
      session.receiptsQos = null;
  });
  broker.on('clientDisconnect', (client) => lanes.close(client));
  broker.on('clientError', (client, error) => {
    log.debug('lane connection ended', { ...laneField(client), error: error.message });
    lanes.close(client);
  });
  broker.on('connectionError', (client, error) => {
    log.warn('connection refused', { reason: error.message });
    lanes.close(client);
  });
  broker.on('keepaliveTimeout', (client) => log.info('lane silent, connection closed', laneField(client)));
  return broker;
}

/** Return codes of CONNACK (MQTT 3.1.1, table 3.1). */
const UNAVAILABLE = 3;
const BAD_PASSWORD = 4;
const NOT_AUTHORISED = 5;

/** Where no lane has a password, a till on a plain listener may send what it likes, as it always could. */
function asksPassword({ isSecure, certificate }: Arrival, { identity }: Pick<BrokerOptions, 'identity'>): boolean {
  return certificate === null && (isSecure || identity.hasPasswords);
}

/** A certificate counts alone: what stands beside it as a name is not looked at. `proof` null: nothing is asked here. */
async function prove(
  client: Client,
  username: string | null,
  password: Buffer | null,
  { arrivalOf, identity }: BrokerOptions,
): Promise<{ ok: true; proof: LaneProof | null } | { ok: false; reason: string }> {
  const arrival = arrivalOf(client);
  const { isSecure, certificate, address, refusal } = arrival;
  if (refusal !== null) return { ok: false, reason: refusal };
  // Between the handshake and this packet somebody may have revoked it.
  if (certificate !== null) return identity.byCertificate(certificate, address);
  if (username !== null && asksPassword(arrival, { identity }))
    return await identity.byPassword(username, password ?? Buffer.alloc(0), address);
  return isSecure ? { ok: false, reason: 'no_proof' } : { ok: true, proof: null };
}

type PublishDone = (error?: Error | null) => void;

/**
 * What a lane publishes goes to the buffer and to nobody else, so the broker need not look for subscribers, copy the packet
 * and walk its offline queues. The gateway's own publishes (the status) have no client and go the usual way.
 */
function keepRecordsHere(broker: Aedes): void {
  const distribute: (packet: object, ...rest: unknown[]) => void = broker.publish.bind(broker) as never;
  const publish = (packet: object, client: Client | PublishDone | null, done?: PublishDone): void => {
    if (typeof client === 'function' || client === null) distribute(packet, client, done);
    else done?.(null);
  };
  Object.assign(broker, { publish });
}

function refuseConnect(packet: ConnectPacket): string | null {
  if (packet.will !== undefined)
    return 'the connection carries a will: connect without one, the gateway watches lanes itself';
  return null;
}

/** Publishes the store's retained status to all lanes. */
export function publishStatus(broker: Aedes, store: string, status: object): Promise<void> {
  const packet = {
    cmd: 'publish' as const,
    topic: statusTopic(store),
    payload: Buffer.from(JSON.stringify(status)),
    qos: 1 as const,
    retain: true,
    dup: false,
  };
  return new Promise((resolve, reject) => {
    broker.publish(packet, (error) => (error ? reject(error) : resolve()));
  });
}
