/** Receipts as a test reads them from a lane's topic, in the order in which they came. */
import type { Receipt } from '../../src/record/lane-wire.ts';
import { LIMIT_MS } from './program.ts';

export class ReceiptLog {
  readonly all: Receipt[] = [];
  readonly #waiters = new Set<() => void>();

  take(receipt: Receipt): void {
    this.all.push(receipt);
    for (const waiter of this.#waiters) waiter();
  }

  /** The receipts that `wanted` accepts, once there are `count` of them. */
  async matching(wanted: (receipt: Receipt) => boolean, count: number, what: string): Promise<Receipt[]> {
    const enough = () => this.all.filter(wanted).length >= count;
    if (!enough()) await this.#until(enough, `${count} of ${what}`);
    return this.all.filter(wanted);
  }

  /** All receipts for `key`, once there are `count` of them. */
  async forKey(key: string, count = 1): Promise<Receipt[]> {
    return await this.matching((receipt) => receipt.idempotency_key === key, count, 'the receipts for one key');
  }

  /** The `count`-th receipt for `key`. */
  async last(key: string, count = 1): Promise<Receipt> {
    const receipt = (await this.forKey(key, count))[count - 1];
    if (receipt === undefined) throw new Error('no such receipt');
    return receipt;
  }

  /** The first receipt for `key` with this status. */
  async withStatus(key: string, status: Receipt['status']): Promise<Receipt> {
    const wanted = (receipt: Receipt) => receipt.idempotency_key === key && receipt.status === status;
    const [receipt] = await this.matching(wanted, 1, `receipt "${status}"`);
    if (receipt === undefined) throw new Error('no such receipt');
    return receipt;
  }

  async #until(enough: () => boolean, what: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = () => {
      if (enough()) resolve();
    };
    this.#waiters.add(waiter);
    const complaint = () => reject(new Error(`${what} did not come; statuses so far: ${this.#statuses()}`));
    const limit = setTimeout(complaint, LIMIT_MS);
    try {
      await promise;
    } finally {
      clearTimeout(limit);
      this.#waiters.delete(waiter);
    }
  }

  #statuses(): string {
    return this.all.map(({ status }) => status).join(' ') || 'none';
  }
}
