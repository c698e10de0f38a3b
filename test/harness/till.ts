/** A till with an outbox that outlives the program: the real lane client, and what it was told. */
import { systemClock, systemTimers } from '../../src/base/clock.ts';
import { LaneClient } from '../../src/lane/client.ts';
import type { LaneEvents } from '../../src/lane/client-api.ts';
import { type Gateway, STORE } from './gateway.ts';
import { ReceiptLog } from './receipts.ts';
import type { SentRecord } from './records.ts';
import type { Scene } from './scene.ts';

export class Till {
  readonly receipts = new ReceiptLog();
  readonly epochs: LaneEvents['epochChanged'][0][] = [];
  /** Called for every receipt that names a record. */
  onReceipt: () => void = () => {};
  readonly #client: LaneClient;

  constructor(scene: Scene, gateway: Gateway, lane: string, outboxPath: string) {
    this.#client = new LaneClient({
      url: `mqtt://127.0.0.1:${gateway.mqtt.port}`,
      store: STORE,
      lane,
      outboxPath,
      clock: systemClock,
      timers: systemTimers,
      random: Math.random,
    });
    this.#client.on('receipt', ({ receipt }) => {
      this.receipts.take(receipt);
      this.onReceipt();
    });
    this.#client.on('epochChanged', (change) => this.epochs.push(change));
    scene.onClose(() => this.stop());
    this.#client.start();
  }

  sell(...records: readonly SentRecord[]): void {
    for (const record of records) this.#client.publish({ ...record });
  }

  async stop(): Promise<void> {
    await this.#client.stop();
  }
}
