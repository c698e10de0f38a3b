/** Publishes one thing at a time, waits for its receipt, and knows what to tell a person when none comes. */
import type { Timers } from '../../base/clock.ts';
import { CounterfoilError } from '../../base/errors.ts';
import type { LaneClient } from '../../lane/client.ts';
import type { Receipt } from '../../record/lane-wire.ts';

/** What is asked about, for the complaint when no answer comes. */
export interface Question {
  readonly url: string;
  readonly number: number;
  readonly of: number;
}

/** What a gateway says in CONNACK to who has not shown that it is the lane; to come again changes nothing. */
const NOT_LET_IN = /Connection refused: (Not authorized|Bad username or password)/i;

/** Create it before `client.start()`, so that it hears everything. */
export class AnswerDesk {
  readonly #client: LaneClient;
  readonly #timeoutMs: number;
  readonly #timers: Timers;
  #offlineReason = 'there was no time to connect';
  #acknowledged = 0;
  #isDeferred = false;
  #answer: ((receipt: Receipt) => void) | null = null;
  #giveUp: (() => void) | null = null;
  #position = 0;

  constructor(client: LaneClient, timeoutMs: number, timers: Timers) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    this.#timers = timers;
    client.on('offline', (reason) => {
      this.#offlineReason = reason;
      if (NOT_LET_IN.test(reason)) this.#giveUp?.();
    });
    client.on('acknowledged', ({ position }) => {
      this.#acknowledged = position;
    });
    client.on('receipt', ({ row, receipt }) => {
      if (row?.position !== this.#position) return;
      this.#isDeferred = receipt.status === 'deferred';
      if (!this.#isDeferred) this.#answer?.(receipt);
    });
  }

  /** Publishes and waits for the first receipt that decides; throws `gateway_unreachable` when none comes in time. */
  async ask(bytes: Buffer, question: Question): Promise<Receipt> {
    const { promise, resolve, reject } = Promise.withResolvers<Receipt>();
    this.#answer = resolve;
    this.#isDeferred = false;
    this.#position = this.#client.publishRaw(bytes).position;
    this.#giveUp = () => reject(this.#complaint(question));
    const cancel = this.#timers.after(this.#timeoutMs, this.#giveUp);
    try {
      return await promise;
    } finally {
      cancel();
    }
  }

  #complaint({ url, number, of }: Question): CounterfoilError {
    const which = of === 1 ? 'the record' : `record ${number} of ${of}`;
    const [what, todo] = this.#reason(url);
    const again = `${todo}; publish again with the same key, it counts once`;
    return new CounterfoilError('gateway_unreachable', `${which} was not answered: ${what}`, again);
  }

  #reason(url: string): [what: string, todo: string] {
    if (!this.#client.isOnline) {
      return [`no connection to ${url} (${this.#offlineReason})`, 'check the gateway, --url, --store and --lane'];
    }
    if (this.#isDeferred) {
      return ['the gateway has no room for it and deferred it', 'look at the gateway’s storage (counterfoil status)'];
    }
    if (this.#acknowledged === this.#position) {
      return ['it is on the gateway’s disk, but no receipt came', 'nothing is lost, look at the gateway’s log'];
    }
    return ['the gateway did not acknowledge it', 'look at the gateway’s log and at --store and --lane'];
  }
}
