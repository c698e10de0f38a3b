/** A till that sells one Schedule II record at a time and waits until it is synced. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import { BENCH_STORE } from '../load-lane.ts';
import { fill } from '../store/records.ts';
import type { Times } from './model.ts';

const LANE = 'lane-9';
const RECORDS_TOPIC = `pos/${BENCH_STORE}/${LANE}/records`;
const RECEIPTS_TOPIC = `pos/${BENCH_STORE}/${LANE}/receipts`;
/** No receipt for so long means that something is broken, not slow. */
const LIMIT_MS = 120_000;
/** Publishes before the first that counts: compilers and connections. */
const WARM_UP = 5;
/** Between a receipt and the next sale, drawn evenly, so that sales fall on any moment of a batch's way. */
const PAUSE_MS = { least: 200, most: 800 };

export class ScheduleTwoLane {
  readonly #client: MqttClient;
  readonly #waiting = new Map<string, () => void>();
  #sold = 0;

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on('message', (_topic, payload) => {
      const receipt: { idempotency_key?: string; status?: string } = JSON.parse(payload.toString());
      if (receipt.status === 'synced') this.#waiting.get(receipt.idempotency_key ?? '')?.();
    });
  }

  static async connect(port: number): Promise<ScheduleTwoLane> {
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: LANE, protocolVersion: 4, clean: true });
    await client.subscribeAsync(RECEIPTS_TOPIC, { qos: 1 });
    return new ScheduleTwoLane(client);
  }

  /** Sells `count` records one after the other. @throws Error when a receipt does not come. */
  async sell(count: number): Promise<Times> {
    const ackMs: number[] = [];
    const syncedMs: number[] = [];
    for (let sale = 0; sale < count + WARM_UP; sale += 1) {
      const times = await this.#sellOne();
      if (sale >= WARM_UP) {
        ackMs.push(times.ackMs);
        syncedMs.push(times.syncedMs);
      }
      await sleep(PAUSE_MS.least + Math.random() * (PAUSE_MS.most - PAUSE_MS.least));
    }
    return { ackMs, syncedMs };
  }

  async close(): Promise<void> {
    await this.#client.endAsync();
  }

  async #sellOne(): Promise<{ ackMs: number; syncedMs: number }> {
    this.#sold += 1;
    const key = randomUUID();
    const record = {
      idempotency_key: key,
      ndc: '0406-8552-01',
      schedule: 'II',
      quantity: 60,
      prescription_id: `RX-9-${key.slice(0, 8)}`,
      pharmacist_npi: '1234567893',
      prescriber_dea: 'AB1234563',
      dispensed_at_utc: new Date().toISOString(),
    };
    const payload = fill(record, 9, this.#sold);
    const synced = this.#synced(key);
    const startedAtMs = performance.now();
    const acked = this.#client.publishAsync(RECORDS_TOPIC, payload, { qos: 1 }).then(() => performance.now());
    const [ackedAtMs, syncedAtMs] = await Promise.all([acked, synced]);
    return { ackMs: ackedAtMs - startedAtMs, syncedMs: syncedAtMs - startedAtMs };
  }

  #synced(key: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no receipt "synced" within ${LIMIT_MS / 1000} s`)), LIMIT_MS);
      this.#waiting.set(key, () => {
        clearTimeout(timer);
        this.#waiting.delete(key);
        resolve(performance.now());
      });
    });
  }
}
