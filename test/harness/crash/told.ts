/**
 * What had left the gateway at each moment of a recorded run: the PUBACKs and receipts among the bytes it sent. Taken
 * from the recorder and not from the lane, because a PUBACK on its way counts as given.
 */
import type { Expectation } from '../checker/expectation.ts';
import { PacketReader, TYPE } from '../mqtt-wire.ts';
import type { LogEvent } from './log.ts';
import { parseReceipt, type Receipt, type World } from './world.ts';

type Told =
  | { readonly index: number; readonly acknowledged: string }
  | { readonly index: number; readonly receipt: Receipt };

/** Everything told to the lanes of `world`, in order. Connections to others (the PMS, a browser) are left out. */
function toldIn(events: readonly LogEvent[], world: World): Told[] {
  const readers = new Map<number, PacketReader>();
  const told: Told[] = [];
  for (const event of events) {
    if (event.kind !== 'send' || !world.isLane(event.peerPort)) continue;
    const reader = readers.get(event.connection) ?? new PacketReader();
    readers.set(event.connection, reader);
    for (const packet of reader.push(event.data)) {
      if (packet.type === TYPE.puback) {
        const laneHash = world.sentAt(event.peerPort, packet.body.readUInt16BE(0));
        if (laneHash === undefined) throw new Error(`event ${event.index}: a PUBACK for nothing that was sent`);
        told.push({ index: event.index, acknowledged: laneHash });
      }
      if (packet.type !== TYPE.publish) continue;
      const topicEnd = 2 + packet.body.readUInt16BE(0);
      if (!packet.body.toString('utf8', 2, topicEnd).endsWith('/receipts')) continue;
      const receipt = parseReceipt(packet.body.subarray(topicEnd));
      if (receipt !== null) told.push({ index: event.index, receipt });
    }
  }
  return told;
}

/** Gives the expectation at growing cuts. */
export class Testimony {
  readonly #told: readonly Told[];
  readonly #published: ReadonlySet<string>;
  readonly #acknowledged = new Set<string>();
  readonly #sequences = new Map<string, number>();
  readonly #synced = new Set<string>();
  #next = 0;

  /** `before`: what was already promised when the recording began. */
  constructor(events: readonly LogEvent[], world: World, before?: Expectation) {
    this.#told = toldIn(events, world);
    this.#published = new Set(world.published.keys());
    for (const laneHash of before?.acknowledged ?? []) this.#acknowledged.add(laneHash);
    for (const [laneHash, sequence] of before?.sequences ?? []) this.#sequences.set(laneHash, sequence);
    for (const laneHash of before?.synced ?? []) this.#synced.add(laneHash);
  }

  /** PUBACKs found in the whole run. */
  get acknowledgements(): number {
    return this.#told.filter((told) => 'acknowledged' in told).length;
  }

  /** What the disk must hold when the power goes after `cut` events. `cut` never goes back. */
  at(cut: number): Expectation {
    for (let told = this.#told[this.#next]; told !== undefined && told.index < cut; told = this.#told[++this.#next]) {
      if ('acknowledged' in told) this.#acknowledged.add(told.acknowledged);
      else {
        const { laneHash, sequence, state } = told.receipt;
        if (sequence !== null && this.#published.has(laneHash)) this.#sequences.set(laneHash, sequence);
        if (state === 'SYNCED') this.#synced.add(laneHash);
      }
    }
    return {
      published: this.#published,
      acknowledged: new Set(this.#acknowledged),
      sequences: new Map(this.#sequences),
      synced: new Set(this.#synced),
    };
  }
}
