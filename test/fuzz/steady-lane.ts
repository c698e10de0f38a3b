/** A well-behaved till that goes on selling while others misbehave: one record after the other on one connection. */
import type { Gateway } from '../harness/gateway.ts';
import { STORE } from '../harness/gateway.ts';
import { publish } from '../harness/mqtt-wire.ts';
import { PahoLane } from '../harness/paho.ts';
import { RawLane } from '../harness/raw-lane.ts';
import { aRecord, type SentRecord, wire } from '../harness/records.ts';
import type { Scene } from '../harness/scene.ts';

const NAME = 'steady';
const TOPIC = `pos/${STORE}/${NAME}/records`;

export class SteadyLane {
  /** Everything acknowledged so far. */
  readonly acknowledged: SentRecord[] = [];
  readonly latenciesMs: number[] = [];
  readonly #lane: RawLane;
  #going = true;

  constructor(lane: RawLane) {
    this.#lane = lane;
  }

  static async start(scene: Scene, gateway: Gateway): Promise<SteadyLane> {
    return new SteadyLane(await RawLane.ready(scene, gateway, NAME));
  }

  /** Publishes until told to stop; throws as soon as one publish is not acknowledged. */
  async run(): Promise<void> {
    for (let count = 0; this.#going; count++) {
      const record = aRecord();
      const id = 1 + (count % 0xffff);
      const before = performance.now();
      this.#lane.received.length = 0;
      this.#lane.send(publish({ topic: TOPIC, payload: wire(record), id }));
      if (!(await this.#lane.acknowledged(id))) throw new Error(`publish ${count} of the good lane got no PUBACK`);
      this.latenciesMs.push(performance.now() - before);
      this.acknowledged.push(record);
    }
  }

  stop(): void {
    this.#going = false;
  }
}

/** Publishes `records` again and gives the statuses of the answers: all "duplicate" when all of them are there. */
export async function answersToRepublishing(
  scene: Scene,
  gateway: Gateway,
  records: readonly SentRecord[],
): Promise<Map<string, number>> {
  const lane = await PahoLane.ready(scene, gateway, NAME, { purpose: 'audit' });
  for (const record of records) lane.publish(wire(record));
  await lane.receipts.matching(() => true, records.length, 'receipts');
  const counts = new Map<string, number>();
  for (const { status } of lane.receipts.all) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts;
}
