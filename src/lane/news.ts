/**
 * What the gateway says (PUBACK, receipt, status), noted in the outbox in the order it came, everything of one turn of
 * the event loop in one commit. If the power goes before that commit, the gateway will say it again: the record is
 * still marked for sending and is answered `duplicate`.
 */
import type { Receipt, SeenStatus } from '../record/lane-wire.ts';
import { checkpointIn, newerCheckpoint } from './checkpoint.ts';
import type { Outbox } from './outbox.ts';
import type { OutboxRow } from './outbox-row.ts';
import type { Sender } from './sender.ts';

export interface EpochChange {
  readonly from: string | null;
  readonly to: string;
}

type Heard =
  | { readonly type: 'puback'; readonly position: number; readonly wire: number }
  | { readonly type: 'receipt'; readonly receipt: Receipt }
  | { readonly type: 'status'; readonly status: SeenStatus };

/** What was heard and what it changed. */
export type NewsItem = Heard & {
  readonly row: OutboxRow | null;
  readonly epochChange: EpochChange | null;
  readonly isNewDoubleSale: boolean;
};

/** Called after each commit with what it noted, or with an error and nothing when the outbox file failed. */
type OnNoted = (items: readonly NewsItem[], error?: unknown) => void;

export class News {
  readonly #outbox: Outbox;
  readonly #sender: Sender;
  readonly #onNoted: OnNoted;
  #heard: Heard[] = [];
  #cancelFlush: (() => void) | null = null;

  constructor(outbox: Outbox, sender: Sender, onNoted: OnNoted) {
    this.#outbox = outbox;
    this.#sender = sender;
    this.#onNoted = onNoted;
  }

  add(heard: Heard): void {
    this.#heard.push(heard);
    if (this.#cancelFlush !== null) return;
    const handle = setImmediate(() => this.flush());
    this.#cancelFlush = () => clearImmediate(handle);
  }

  /** Notes what was heard so far. A record whose note fails stays on the wire and is published again in time. */
  flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    const heard = this.#heard;
    this.#heard = [];
    if (heard.length === 0) return;
    let items: NewsItem[];
    try {
      items = this.#outbox.inOneCommit(() => heard.map((each) => this.#note(each)));
    } catch (error) {
      this.#onNoted([], error);
      return;
    }
    for (const item of items) this.#tellSender(item);
    this.#onNoted(items);
  }

  #note(heard: Heard): NewsItem {
    switch (heard.type) {
      case 'puback':
        return { ...heard, row: this.#notePuback(heard), epochChange: null, isNewDoubleSale: false };
      case 'receipt':
        return { ...heard, ...this.#noteReceipt(heard.receipt) };
      case 'status':
        this.#witness(heard.status);
        return { ...heard, row: null, epochChange: this.#noteEpoch(heard.status.epoch), isNewDoubleSale: false };
    }
  }

  #notePuback({ position, wire }: { position: number; wire: number }): OutboxRow | null {
    return wire === this.#sender.wire ? this.#outbox.acknowledge(position) : null;
  }

  #noteReceipt(receipt: Receipt): Omit<NewsItem, keyof Heard> {
    this.#witness(receipt);
    // Only `accepted` is sure to name the buffer that speaks now: a duplicate's receipt may be that of an earlier life.
    const epochChange = receipt.status === 'accepted' ? this.#noteEpoch(receipt.epoch) : null;
    const applied = this.#outbox.applyReceipt(receipt);
    return { row: applied?.row ?? null, epochChange, isNewDoubleSale: applied?.isNewDoubleSale ?? false };
  }

  #noteEpoch(to: string): EpochChange | null {
    const from = this.#outbox.epoch;
    if (from === to) return null;
    this.#outbox.startEpoch(to, from !== null);
    // What is on the wire may have gone to the earlier buffer: a PUBACK for it would say nothing. At once, because the
    // next item may be such a PUBACK. Before the first epoch there was no other buffer.
    if (from !== null) this.#sender.reset();
    return { from, to };
  }

  #witness(message: Receipt | SeenStatus): void {
    const checkpoint = newerCheckpoint(this.#outbox.checkpoint, checkpointIn(message));
    if (checkpoint !== null) this.#outbox.witness(checkpoint);
  }

  #tellSender(item: NewsItem): void {
    if (item.row === null) return;
    const { position, stream } = item.row;
    if (item.type === 'puback') this.#sender.acknowledged(position, stream);
    if (item.type === 'receipt' && item.receipt.status === 'deferred') this.#sender.deferred(position, stream);
  }
}
