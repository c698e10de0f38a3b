/**
 * The load process: started by `drive.ts` with fork(), told what to do by one `LoadOrder`, answers with one
 * `LoadResult`. It prepares everything (connections, packets, keys), reports `prepared`, and starts on `go`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { RecordFeed, Tally } from './load-feed.ts';
import { LoadLane } from './load-lane.ts';
import type { LoadOrder, LoadResult } from './model.ts';

/** What parent and load process say to each other. */
export type ToLoad = { readonly kind: 'prepare'; readonly order: LoadOrder } | { readonly kind: 'go' };
export type FromLoad =
  | { readonly kind: 'prepared' }
  | { readonly kind: 'done'; readonly result: LoadResult }
  | { readonly kind: 'failed'; readonly message: string };

const POLL_MS = 5;
/** No acknowledgement for this long, with records under way, means the server will never answer. */
const STALL_MS = 15_000;

class LoadRun {
  readonly #order: LoadOrder;
  readonly #feed: RecordFeed;
  readonly #tally: Tally;
  readonly #lanes: LoadLane[];
  #failure: Error | null = null;

  constructor(order: LoadOrder) {
    this.#order = order;
    this.#feed = new RecordFeed(order.keys, order.records);
    this.#tally = new Tally(order.keys);
    this.#lanes = Array.from({ length: order.connections }, (_, index) => {
      return new LoadLane(order, index + 1, this.#feed, this.#tally, (error) => {
        this.#failure ??= error;
      });
    });
  }

  async prepare(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.start()));
  }

  async run(): Promise<LoadResult> {
    const startedAtMs = performance.now();
    const cpuAtStart = process.cpuUsage();
    if (this.#order.records !== null) this.#tally.openWindow(startedAtMs);
    for (const lane of this.#lanes) lane.begin();
    if (this.#order.records === null) await this.#measureWindow(startedAtMs);
    await this.#until(() => this.#feed.closed && this.#lanes.every((lane) => lane.idle), Number.POSITIVE_INFINITY);
    this.#tally.closeWindow(performance.now());
    const cpu = process.cpuUsage(cpuAtStart);
    const ranMs = performance.now() - startedAtMs;
    await this.#awaitReceipts();
    for (const lane of this.#lanes) lane.stop();
    const { ackedTotal, receiptsTotal } = this.#tally;
    return { ...this.#tally.summary(), ackedTotal, receiptsTotal, loadCores: (cpu.user + cpu.system) / 1000 / ranMs };
  }

  async #measureWindow(startedAtMs: number): Promise<void> {
    const opensAtMs = startedAtMs + this.#order.rampMs;
    await this.#until(() => false, opensAtMs);
    this.#tally.openWindow(performance.now());
    await this.#until(() => false, opensAtMs + this.#order.windowMs);
    this.#tally.closeWindow(performance.now());
    if (this.#feed.exhausted) throw new Error('the run used up its keys before its window was over');
    this.#feed.close();
  }

  /** Waits for a condition or a moment; fails when a connection broke or the server stopped acknowledging. */
  async #until(condition: () => boolean, momentMs: number): Promise<void> {
    let acked = this.#tally.ackedTotal;
    let progressAtMs = performance.now();
    while (!condition()) {
      const leftMs = momentMs - performance.now();
      if (leftMs <= 0) return;
      await sleep(Math.min(POLL_MS, leftMs));
      if (this.#failure !== null) throw this.#failure;
      if (this.#tally.ackedTotal !== acked) {
        acked = this.#tally.ackedTotal;
        progressAtMs = performance.now();
      } else if (performance.now() - progressAtMs > STALL_MS) {
        throw new Error(
          `no acknowledgement for ${STALL_MS / 1000} s with ${this.#feed.taken - acked} records under way`,
        );
      }
    }
  }

  /** Receipts come after the PUBACK; give the last ones time to arrive, so that their number can be checked. */
  async #awaitReceipts(): Promise<void> {
    if (!this.#order.receipts) return;
    const limitMs = performance.now() + STALL_MS;
    while (this.#tally.receiptsTotal < this.#tally.ackedTotal && performance.now() < limitMs) await sleep(POLL_MS);
  }
}

function answer(message: FromLoad): void {
  process.send?.(message);
}

let run: LoadRun | null = null;

async function obey(message: ToLoad): Promise<void> {
  if (message.kind === 'prepare') {
    run = new LoadRun(message.order);
    await run.prepare();
    answer({ kind: 'prepared' });
  } else if (run !== null) {
    answer({ kind: 'done', result: await run.run() });
    process.disconnect?.();
  }
}

process.on('message', (message: ToLoad) => {
  obey(message).catch((error: unknown) => {
    answer({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
    process.disconnect?.();
  });
});
