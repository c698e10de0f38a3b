/**
 * The intake stage on the shop's own broker: consumer, courier and standing put together. What happens to a publish is the
 * same as with the gateway's own broker (examine → committer → buffer); only the PUBACK goes to the broker, which has
 * acknowledged the lane long before. Who the lane is, is the broker's word: its access rules say who may publish where.
 */
import { hash } from 'node:crypto';
import type { IntakeItem, SettledRecord } from '../../buffer/api.ts';
import { parseStatus, parseTopic, receiptsTopic, type Status, statusTopic } from '../../record/lane-wire.ts';
import { reason } from '../../record/reason.ts';
import { type CommitAnswer, Committer } from '../committer.ts';
import { type Examined, examine, MAX_EVIDENCE_BYTES } from '../examine.ts';
import { Gate } from '../gate.ts';
import type { LaneView } from '../lanes.ts';
import { laterReceipt, type Published, receiptOf, withHeld, witnessedBy } from '../receipt.ts';
import type { ExternalFacts, IntakeStage } from '../stage.ts';
import type { Delivery } from './consumer.ts';
import { Courier } from './courier.ts';
import type { ExternalOptions, ExternalParts } from './options.ts';
import { Seat } from './seat.ts';
import { SettleWait } from './settle-wait.ts';
import { Tallies } from './tallies.ts';

/** Lane of a publish whose topic names none that we could answer; kept as evidence under this name. */
const UNNAMED = 'unnamed';
const BAD_LANE = reason('field_value', null, 'publish to pos/{store}/{lane}/records, lane 1 to 64 of A-Z a-z 0-9 _ -');

export class ExternalIntake implements IntakeStage {
  readonly #options: ExternalOptions;
  readonly #parts: ExternalParts;
  readonly #gate: Gate;
  readonly #committer: Committer;
  readonly #courier: Courier;
  readonly #seat: Seat;
  readonly #waiting = new SettleWait();
  readonly #tallies = new Tallies();
  /** The latest try to store something failed: this gateway keeps silent, so that a standby takes over. */
  #cannotStore = false;

  constructor(options: ExternalOptions, parts: ExternalParts) {
    this.#options = options;
    this.#parts = parts;
    this.#gate = new Gate({ publishes: options.queueLimit, bytes: options.maxInFlightBytes });
    this.#committer = new Committer(parts.sink, parts.onCommitted, parts.admission);
    const session = {
      address: options.address,
      keepAliveSeconds: options.keepAliveSeconds,
      connectTimeoutMs: options.connectTimeoutMs,
    };
    this.#seat = new Seat(
      { ...session, clientId: options.clientId, cleanSession: false },
      {
        filter: `pos/${options.store}/+/records`,
        limits: options.standing,
        expectsSession: options.expectsSession,
      },
      { onDelivery: (delivery) => this.#take(delivery), onOver: () => this.#waiting.forget() },
      { ...parts, gate: this.#gate },
    );
    this.#courier = new Courier(
      // The epoch is what two gateways of one store differ in.
      { ...session, clientId: `${options.clientId}-${options.source.epoch}`, cleanSession: true },
      statusTopic(options.store),
      {
        onHearing: () => this.#seat.hearing(),
        onDeaf: (why) => this.#seat.deaf(why),
        onWord: (payload) => this.#hear(payload),
      },
      parts,
    );
  }

  /** Resolves at once: a broker that is away only means that records wait there. */
  async start(): Promise<void> {
    const { acknowledge, address, clientId, standing } = this.#options;
    const { url } = address;
    const who = { identity: 'broker_acl', client_id: clientId, role: standing.role } as const;
    this.#parts.note('intake_source', { ...who, source: 'external', acknowledge, url });
    this.#courier.start();
  }

  /** Takes nothing more, lets what was taken be committed and acknowledged, then leaves the broker. */
  async stop(): Promise<void> {
    this.#seat.pause();
    this.#gate.shut();
    await this.#committer.drained();
    // Answers of the last group are given in this turn; their PUBACKs leave at its end.
    await new Promise((resolve) => setImmediate(resolve));
    this.#seat.stop();
    await this.#courier.stop();
  }

  get addresses(): readonly string[] {
    return [this.#options.address.url];
  }

  get isListening(): boolean {
    return this.#seat.standing === 'consuming';
  }

  get queueDepth(): number {
    return this.#gate.publishes;
  }

  get connections(): number {
    return Number(this.isListening) + Number(this.#courier.isConnected);
  }

  /** Who may connect is the broker's to say; there is nothing here to end or to judge. */
  cut(): void {}
  judgeAgain(): void {}
  reloadTls(): void {}

  lanes(): LaneView[] {
    return this.#tallies.lanes();
  }

  external(): ExternalFacts {
    const { acknowledge, address, standing } = this.#options;
    return {
      url: address.url,
      role: standing.role,
      acknowledge,
      connected: this.#courier.isConnected,
      waitingForPms: this.#waiting.size,
      discardedTotal: this.#tallies.discardedTotal,
      receiptsDroppedTotal: this.#courier.droppedTotal,
      ...this.#seat.facts(),
    };
  }

  /** Also from a gateway that consumes no more: what it stored, it brings to the PMS, and lanes are told. */
  tellSettled(records: readonly SettledRecord[]): void {
    for (const record of records) {
      this.#waiting.settled(record.sequence, record.state);
      const receipt = laterReceipt(this.#options.source, record);
      if (receipt === null) continue;
      this.#courier.post(receiptsTopic(this.#options.store, record.lane), Buffer.from(JSON.stringify(receipt)));
    }
  }

  tellQuarantined(sequences: readonly number[]): void {
    for (const sequence of sequences) this.#waiting.settled(sequence, 'QUARANTINED');
  }

  /** Only the gateway that consumes speaks for the store; its word also keeps a standby waiting. */
  async tellStatus(status: Status): Promise<void> {
    if (!this.isListening || this.#cannotStore) return;
    this.#courier.post(statusTopic(this.#options.store), Buffer.from(JSON.stringify(status)), true);
  }

  #hear(payload: Buffer): void {
    const status = parseStatus(payload);
    if (status !== null && status.epoch !== this.#options.source.epoch) this.#seat.heard();
  }

  #take(delivery: Delivery): void {
    const topic = parseTopic(delivery.topic);
    const lane = topic?.kind === 'records' ? topic.lane : null;
    const { aheadMs, item, published } = lane === null ? this.#strange(delivery) : this.#examine(lane, delivery);
    this.#tallies.seen(item.lane, { atMs: item.receivedAtMs, refused: item.type === 'refused', aheadMs });
    this.#gate.enter(delivery.bytes.length);
    this.#committer.submit(item, (answer) => {
      this.#gate.leave(delivery.bytes.length);
      this.#answer(delivery, lane, item, published, answer);
    });
  }

  #examine(lane: string, { bytes }: Delivery): Examined {
    return examine(lane, bytes, this.#options, this.#parts.clock);
  }

  #strange({ bytes }: Delivery): Examined {
    const receivedAtMs = Math.trunc(this.#parts.clock.utcMs());
    const published: Published = { idempotencyKey: null, laneHash: null, reasons: [BAD_LANE], witnessed: null };
    const item: IntakeItem = {
      type: 'refused',
      lane: UNNAMED,
      receivedAtMs,
      idempotencyKey: null,
      hash: hash('sha256', bytes, 'buffer'),
      reasons: [BAD_LANE],
      bytes: bytes.subarray(0, MAX_EVIDENCE_BYTES),
    };
    return { item, published, aheadMs: null };
  }

  #answer(delivery: Delivery, lane: string | null, item: IntakeItem, published: Published, answer: CommitAnswer): void {
    if (answer.status === 'deferred' || answer.status === 'failed') {
      this.#parts.log.warn('a record could not be stored and is left with the broker', { code: answer.status });
      this.#cannotStore = true;
      delivery.again();
      return;
    }
    if (this.#cannotStore) {
      this.#cannotStore = false;
      this.#parts.onConsuming();
    }
    const isLive = delivery.isLive();
    if (answer.status === 'evidence_full') this.#discard(item);
    if ('sequence' in answer && this.#options.acknowledge === 'after_sync')
      this.#waiting.until(answer.sequence, answer.state, () => delivery.done());
    else delivery.done();
    // A gateway thrown out meanwhile keeps still: its `accepted` would tell lanes of a buffer that no longer speaks.
    if (lane === null || !isLive) return;
    const witnessed = witnessedBy(published, answer);
    if (witnessed !== null) this.#parts.onWitnessed(lane, witnessed);
    const topic = receiptsTopic(this.#options.store, lane);
    const receipt = receiptOf(this.#options.source, published, answer, this.#parts.clock.utcMs());
    for (const each of receipt === null ? [] : withHeld(receipt))
      this.#courier.post(topic, Buffer.from(JSON.stringify(each)));
  }

  /**
   * The lane's evidence is full. Its connection is the broker's, so it cannot be closed, and left unacknowledged it would
   * stand before the records of every other lane. In the trail at the 1st, 2nd, 4th, 8th … time.
   */
  #discard(item: IntakeItem): void {
    const count = this.#tallies.discarded(item.lane);
    if ((count & (count - 1)) !== 0) return;
    const hashText = item.type === 'refused' ? item.hash.toString('base64') : null;
    this.#parts.note('discarded', { lane: item.lane, count, hash: hashText });
    this.#parts.log.error('what this lane sends is no record and is kept no more; its evidence must be reviewed', {
      lane: item.lane,
      count,
    });
  }
}
