/**
 * The way of one publish: rules → check → queue → commit → PUBACK → receipt. Called from the broker's authorisation
 * hook, the only place aedes passes before it writes a PUBACK; the hook's callback is what lets the PUBACK go.
 */
import type { PublishPacket } from 'aedes';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { IntakeItem } from '../buffer/api.ts';
import { type Receipt, receiptsTopic } from '../record/lane-wire.ts';
import type { CommitAnswer, Committer } from './committer.ts';
import { type ExamineOptions, examine } from './examine.ts';
import type { Gate } from './gate.ts';
import { flagsOf, type IdentityPort } from './identity.ts';
import type { LaneSession, Lanes } from './lanes.ts';
import { type Published, practiceReceipt, type ReceiptSource, receiptOf, withHeld, witnessedBy } from './receipt.ts';
import { mayPublish } from './rules.ts';

/** Answers of the authorisation hook: nothing lets the PUBACK go, an error closes the connection without one. */
type HookDone = (error?: Error | null) => void;

export interface PublishOptions extends ExamineOptions {
  readonly store: string;
  readonly source: ReceiptSource;
}

/** Where practice records go, and whether a lane may practise now. */
export interface Practice {
  readonly committer: Committer;
  readonly isOpen: (lane: string) => boolean;
}

/** Unread receipts a connection may pile up before further ones are left out (a lane can ask again by resending). */
const MAX_UNREAD_BYTES = 1024 * 1024;
const EVIDENCE_FULL =
  'this lane has sent too much that is no record; review what is kept of it first (counterfoil review list --state REFUSED)';
export const UNPROVED = 'this lane is enrolled: connect with its certificate or password';
/** Deferred records remembered for one connection; beyond, it is closed and begins anew. */
const MAX_DEFERRED = 10_000;

export class Publishes {
  readonly #options: PublishOptions;
  readonly #lanes: Lanes;
  readonly #gate: Gate;
  readonly #committer: Committer;
  readonly #practice: Practice | null;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onWitnessed: (lane: string, checkpoint: string) => void;
  readonly #identity: IdentityPort;

  constructor(parts: {
    options: PublishOptions;
    lanes: Lanes;
    gate: Gate;
    committer: Committer;
    practice: Practice | null;
    clock: Clock;
    log: Log;
    onWitnessed: (lane: string, checkpoint: string) => void;
    identity: IdentityPort;
  }) {
    this.#options = parts.options;
    this.#lanes = parts.lanes;
    this.#gate = parts.gate;
    this.#committer = parts.committer;
    this.#practice = parts.practice;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#onWitnessed = parts.onWitnessed;
    this.#identity = parts.identity;
  }

  /** One publish of `session`; calls `done` when it has been decided. */
  take(session: LaneSession, packet: PublishPacket, done: HookDone): void {
    const inTraining = (lane: string) => this.#practice?.isOpen(lane) ?? false;
    const verdict = mayPublish(this.#options.store, session.lane, packet, inTraining);
    if (!verdict.ok) {
      this.#close(session, verdict.reason, done, verdict.lane);
      return;
    }
    if (packet.qos === 2) {
      // aedes keeps a whole QoS 2 packet until its PUBREL, up to a thousand a connection.
      this.#close(session, 'QoS 2 publish: send records with QoS 1', done);
      return;
    }
    if (session.deferred.size >= MAX_DEFERRED) {
      this.#close(session, `more than ${MAX_DEFERRED} records deferred`, done);
      return;
    }
    if (session.lane === null && !this.#identity.mayBeUnproved(verdict.lane, session.address)) {
      this.#close(session, UNPROVED, done, verdict.lane);
      return;
    }
    if (!this.#lanes.bind(session, verdict.lane)) {
      this.#close(session, 'too many lanes', done);
      return;
    }
    const other = this.#lanes.elsewhere(session);
    if (other !== null) this.#identity.onTwice(verdict.lane, session.address, other);
    const bytes = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
    const { aheadMs, item, published } = examine(
      verdict.lane,
      bytes,
      this.#options,
      this.#clock,
      flagsOf(session.proof),
    );
    if (verdict.practice) {
      this.#practise(session, packet, item, published, done);
      return;
    }
    this.#lanes.seen(verdict.lane, { atMs: item.receivedAtMs, refused: item.type === 'refused', aheadMs });
    const decided = (answer: CommitAnswer) => {
      this.#gate.leave(bytes.length);
      this.#answer(session, verdict.lane, packet, published, answer, done);
    };
    this.#gate.enter(bytes.length);
    if (mustWait(session, item, published)) {
      this.#committer.defer(item, decided);
      return;
    }
    const key = published.idempotencyKey;
    if (key !== null && session.deferred.has(key)) session.deferred.set(key, 'again');
    this.#committer.submit(item, decided);
  }

  /** A practice record: the same way and the same answers, in no figure and in nobody's order. */
  #practise(session: LaneSession, packet: PublishPacket, item: IntakeItem, published: Published, done: HookDone): void {
    const bytes = packet.payload.length;
    this.#gate.enter(bytes);
    this.#practice?.committer.submit(item, (answer) => {
      this.#gate.leave(bytes);
      if (answer.status === 'failed' || answer.status === 'evidence_full') {
        this.#close(session, 'this practice record could not be answered', done);
        return;
      }
      if (answer.status === 'deferred') packet.qos = 0;
      done(null);
      const receipt = receiptOf(this.#options.source, published, answer, this.#clock.utcMs());
      if (receipt === null) return;
      this.#tell(
        item.lane,
        practiceReceipt(this.#options.source, receipt, item.type === 'record' && item.hold === true),
      );
    });
  }

  #answer(
    session: LaneSession,
    lane: string,
    packet: PublishPacket,
    published: Published,
    answer: CommitAnswer,
    done: HookDone,
  ): void {
    if (answer.status === 'failed') {
      this.#close(session, 'this publish could not be stored', done);
      return;
    }
    if (answer.status === 'evidence_full') {
      this.#close(session, EVIDENCE_FULL, done);
      return;
    }
    if (answer.status === 'deferred') {
      // MQTT 3.1.1 has no negative PUBACK: as QoS 0 the publish ends here without one and the connection stays.
      packet.qos = 0;
      // A key that is there already keeps its place.
      if (published.idempotencyKey !== null) session.deferred.set(published.idempotencyKey, 'waits');
    } else if (published.idempotencyKey !== null) session.deferred.delete(published.idempotencyKey);
    gatherWrites(session);
    done(null);
    const witnessed = witnessedBy(published, answer);
    if (witnessed !== null) this.#onWitnessed(lane, witnessed);
    if (!this.#lanes.listens(lane)) return;
    const receipt = receiptOf(this.#options.source, published, answer, this.#clock.utcMs());
    if (receipt !== null) this.#tell(lane, receipt);
  }

  #tell(lane: string, receipt: Receipt): void {
    for (const each of withHeld(receipt)) this.send(lane, each);
  }

  /** Sends a receipt to the lane's listening connections. */
  send(lane: string, receipt: Receipt): void {
    const listeners = this.#lanes.listeners(lane);
    if (listeners.length === 0) return;
    const payload = Buffer.from(JSON.stringify(receipt));
    const topic = receiptsTopic(this.#options.store, lane);
    for (const { client, receiptsQos } of listeners) {
      if (client.conn.writableLength > MAX_UNREAD_BYTES) continue;
      client.publish({ cmd: 'publish', topic, payload, qos: receiptsQos ?? 0, retain: false, dup: false }, ignore);
    }
  }

  #close(session: LaneSession, reason: string, done: HookDone, lane = session.lane): void {
    this.#log.warn('publish refused, connection closed', {
      ...(lane === null ? {} : { lane }),
      reason,
    });
    done(new Error(reason));
  }
}

/** PUBACKs of one commit group leave in one system call per connection instead of one each. */
function gatherWrites(session: LaneSession): void {
  const { conn } = session.client;
  if (conn.writableCorked > 0) return;
  conn.cork();
  process.nextTick(() => conn.uncork());
}

/** A receipt that cannot be written is lost with its connection; the lane asks again by resending. */
function ignore(): void {}

/** After a deferral, only the oldest that waits and Schedule II may pass: the lane's order must hold. */
function mustWait(session: LaneSession, item: IntakeItem, published: Published): boolean {
  const oldest = oldestWaiting(session);
  if (oldest === undefined || published.idempotencyKey === oldest) return false;
  return item.type !== 'record' || item.record.stream !== 'schedule_two';
}

/** Those before it that came again are in the queue, at most a connection's in-flight window of them. */
function oldestWaiting({ deferred }: LaneSession): string | undefined {
  for (const [key, state] of deferred) if (state === 'waits') return key;
  return undefined;
}
