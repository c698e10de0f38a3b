/**
 * The till's side of the counterfoil: write to the till's own disk, publish, finish the sale.
 *
 * `publish` returns when the record is in the outbox. From there it goes out by itself, in order of sale, again and
 * again until a PUBACK, and once more to every new epoch until the gateway says that it has come through. Nothing here
 * waits for the network; a gateway that is off for a week costs disk space on the till and nothing else.
 */
import { EventEmitter } from 'node:events';
import { parseReceipt, parseStatus, receiptsTopic, recordsTopic, statusTopic } from '../record/lane-wire.ts';
import type { LaneClientOptions, LaneEvents, Publication } from './client-api.ts';
import { LaneConnection } from './connection.ts';
import { credentialsOf, readEnrolled } from './enrolled.ts';
import { formRaw, formRecord, type LaneRecord, labelOf, type SignRecord } from './form.ts';
import { News, type NewsItem } from './news.ts';
import { Outbox, type PutResult } from './outbox.ts';
import type { OutboxState } from './outbox-state.ts';
import { keepRenewed } from './renewal.ts';
import { Sender } from './sender.ts';
import type { LaneCredentials } from './session.ts';
import { TillAnswers } from './till-answer.ts';
import { TillClock } from './till-clock.ts';

const DEFAULT_WINDOW_SIZE = 32;
/**
 * After connecting, the retained status is here within a round trip. Waiting for it keeps the order at a gateway with a
 * new epoch: what was kept goes before what is sold now. A gateway that has no status costs this much once.
 */
const STATUS_GRACE_MS = 1_000;
/** A final receipt may come while this till is off, so it asks again about records that have been silent for so long. */
const ASK_AGAIN_AFTER_MS = 15 * 60_000;
const ASK_AGAIN_EVERY_MS = 60_000;
const ASK_AGAIN_AT_ONCE = 32;

export class LaneClient extends EventEmitter<LaneEvents> {
  readonly #options: LaneClientOptions;
  readonly #outbox: Outbox;
  readonly #answers: TillAnswers;
  readonly #sender: Sender;
  readonly #news: News;
  readonly #tillClock = new TillClock();
  #connection: LaneConnection | null = null;
  #link: string | null = null;
  #cancelAskAgain: (() => void) | null = null;
  #stopRenewing: (() => void) | null = null;
  #cancelGrace: (() => void) | null = null;
  /** Whether the epoch of the gateway at the other end is known, or has been waited for long enough. */
  #isOriented = false;

  constructor(options: LaneClientOptions) {
    super();
    const { clock, timers, random } = options;
    this.#options = options;
    this.#outbox = new Outbox(options.outboxPath, { store: options.store, lane: options.lane }, clock);
    this.#answers = new TillAnswers(timers);
    this.#sender = new Sender({
      outbox: this.#outbox,
      windowSize: options.windowSize ?? DEFAULT_WINDOW_SIZE,
      timers,
      random,
      onPuback: (position, wire) => this.#news.add({ type: 'puback', position, wire }),
    });
    this.#news = new News(this.#outbox, this.#sender, (items, error) => this.#onNoted(items, error));
  }

  /**
   * Opens the outbox and starts connecting; records kept from before go out first. That the gateway does not answer is
   * no error. Throws `usage` for a bad URL, certificate or key, `RangeError` for a bad store or lane name, and as `Outbox.open`.
   */
  start(): void {
    const { url, store, lane, timers, random } = this.#options;
    const receipts = receiptsTopic(store, lane);
    this.#outbox.open();
    const connection = new LaneConnection(
      {
        url,
        // 22 letters and digits of the installation: the same till takes its old connection over, two tills never do.
        clientId: `t${this.#outbox.laneInstance.replaceAll('-', '').slice(0, 21)}`,
        publishTopic: recordsTopic(store, lane),
        subscribeTopics: [receipts, statusTopic(store)],
        ...credentialsFor(this.#options),
      },
      timers,
      random,
    );
    connection.on('ready', () => this.#onReady());
    connection.on('gone', (reason) => this.#onGone(reason));
    connection.on('message', (topic, payload, isLive) => this.#onMessage(topic === receipts, payload, isLive));
    this.#connection = connection;
    this.#sender.use(connection);
    try {
      connection.start();
    } catch (error) {
      this.#outbox.close();
      throw error;
    }
    this.#scheduleAskAgain();
    this.#keepRenewed();
  }

  /** Closes the connection and the outbox. Sales still waiting for an answer are told `kept`. */
  async stop(): Promise<void> {
    this.#stopRenewing?.();
    this.#cancelAskAgain?.();
    this.#disorient();
    await this.#connection?.stop();
    this.#connection = null;
    this.#news.flush();
    this.#sender.reset();
    this.#answers.stop();
    this.#outbox.close();
  }

  /**
   * Keeps a record and publishes it. When this returns, it is on the till's disk and has its `lane_sequence`; publishing
   * the same sale twice gives the same one. Throws `usage` for what can never be a record (over 64 KiB, not JSON), and
   * `storage_full` or `storage_io` when the till's own disk fails: then nothing was kept and the sale must not be finished.
   * `sign` makes the signatures of a Schedule II record; once, because what is kept is what is sent, again and again.
   */
  publish(record: LaneRecord, sign: SignRecord | null = null): Publication {
    return this.#published(this.#outbox.put(labelOf(record), (marks) => formRecord(record, marks, sign)));
  }

  /** Publishes bytes exactly as they came, without a lane sequence; for tools that must show what the gateway says. */
  publishRaw(bytes: Uint8Array): Publication {
    return this.#published(this.#outbox.putRaw(formRaw(Buffer.from(bytes))));
  }

  get isOnline(): boolean {
    return this.#connection?.isReady === true;
  }

  get laneInstance(): string {
    return this.#outbox.laneInstance;
  }

  get epoch(): string | null {
    return this.#outbox.epoch;
  }

  /** How many records of this till are in each state. */
  counts(): Readonly<Record<OutboxState, number>> {
    return this.#outbox.counts();
  }

  #keepRenewed(): void {
    const { clock, identity, random, timers } = this.#options;
    if (identity === undefined) return;
    this.#stopRenewing = keepRenewed(identity, {
      ...{ clock, random, timers },
      onRenewed: () => this.emit('renewed'),
      onFailed: (error) => this.emit('renewalFailed', error),
    });
  }

  #published({ position, laneSequence, isRepeat, state }: PutResult): Publication {
    const answer = state === 'kept' ? this.#answers.wait(position) : Promise.resolve('acknowledged' as const);
    this.#pump();
    return { position, laneSequence, isRepeat, answer };
  }

  /** The record is safe already, so a file that fails now must not make the till believe that it is not. */
  #pump(): void {
    if (!this.#isOriented) return;
    try {
      this.#sender.pump();
    } catch (error) {
      this.emit('outboxFailed', error);
    }
  }

  #onReady(): void {
    this.#cancelGrace = this.#options.timers.after(STATUS_GRACE_MS, () => this.#orient());
    this.emit('online');
  }

  #orient(): void {
    this.#cancelGrace?.();
    this.#isOriented = true;
    this.#pump();
  }

  #disorient(): void {
    this.#cancelGrace?.();
    this.#isOriented = false;
  }

  #onGone(reason: string): void {
    // A PUBACK that came before the end counts; whatever is still out after it does not.
    this.#news.flush();
    this.#disorient();
    this.#sender.reset();
    this.emit('offline', reason);
  }

  #onMessage(isReceipt: boolean, payload: Buffer, isLive: boolean): void {
    const receipt = isReceipt ? parseReceipt(payload) : null;
    const status = isReceipt ? null : parseStatus(payload);
    // A practice record's receipt is about nothing in this outbox, whatever its key is.
    if (receipt !== null && receipt.training !== true) this.#news.add({ type: 'receipt', receipt });
    if (status === null) return;
    this.#news.add({ type: 'status', status });
    const word = isLive ? this.#tillClock.take(status, this.#options.clock.utcMs()) : null;
    if (word !== null) this.emit('tillClock', word);
  }

  #onNoted(items: readonly NewsItem[], error: unknown): void {
    if (error !== undefined) this.emit('outboxFailed', error);
    for (const item of items) this.#tell(item);
    this.#pump();
  }

  #tell(item: NewsItem): void {
    if (item.epochChange !== null) this.emit('epochChanged', item.epochChange);
    if (item.row !== null && item.row.state !== 'kept') this.#answers.acknowledged(item.row.position);
    switch (item.type) {
      case 'puback':
        if (item.row !== null) this.emit('acknowledged', item.row);
        break;
      case 'receipt':
        this.emit('receipt', { row: item.row, receipt: item.receipt });
        if (item.isNewDoubleSale) this.emit('doubleSale', { row: item.row, receipt: item.receipt });
        break;
      case 'status':
        this.#link = item.status.link;
        if (this.isOnline) this.#orient();
        this.emit('status', item.status);
    }
  }

  #scheduleAskAgain(): void {
    this.#cancelAskAgain = this.#options.timers.after(ASK_AGAIN_EVERY_MS, () => {
      this.#scheduleAskAgain();
      // While the PMS is out of reach there is no news to ask for.
      if (!this.isOnline || this.#link === 'OFFLINE') return;
      this.#askAgain();
    });
  }

  #askAgain(): void {
    try {
      this.#outbox.askAgain(ASK_AGAIN_AFTER_MS, ASK_AGAIN_AT_ONCE);
    } catch (error) {
      this.emit('outboxFailed', error);
    }
    this.#pump();
  }
}

/** Read anew for each connection, so that a renewed certificate comes into use. */
function credentialsFor({ credentials, identity }: LaneClientOptions): { credentials?: () => LaneCredentials } {
  if (identity !== undefined) return { credentials: () => credentialsOf(readEnrolled(identity)) };
  return credentials === undefined ? {} : { credentials: () => credentials };
}
