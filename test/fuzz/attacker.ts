/**
 * One hostile till: connects, publishes mutated records, ends with a mutated packet, and comes back. It waits for the
 * gateway's answer to each step, so every packet it counts was read on a live connection.
 */
import { once } from 'node:events';
import { connect as open, type Socket } from 'node:net';
import type { Gateway } from '../harness/gateway.ts';
import { STORE } from '../harness/gateway.ts';
import { connect, PacketReader, publish, TYPE } from '../harness/mqtt-wire.ts';
import { LIMIT_MS } from '../harness/program.ts';
import { mutateConnect, mutatePacket, mutatePayload } from './mutate.ts';
import type { Chance } from './random.ts';

export interface Tally {
  /** Mutated packets sent, of any kind. */
  packets: number;
  connections: number;
  /** Mutated records that the gateway acknowledged (as refused, or as still being records). */
  acknowledged: number;
}

const MAX_PAYLOADS_PER_CONNECTION = 8;

export class Attacker {
  readonly #gateway: Gateway;
  readonly #name: string;
  readonly #address: string;
  readonly #chance: Chance;
  readonly tally: Tally = { packets: 0, connections: 0, acknowledged: 0 };

  /** `number` gives each attacker a lane and a loopback address (127.0.0.0/8) of its own. */
  constructor(gateway: Gateway, number: number, chance: Chance) {
    this.#gateway = gateway;
    this.#name = `fuzz-${number}`;
    this.#address = `127.0.0.${number + 2}`;
    this.#chance = chance;
  }

  /** Attacks until `wanted` mutated packets were sent. */
  async run(wanted: number): Promise<void> {
    while (this.tally.packets < wanted) await this.#session();
  }

  async #session(): Promise<void> {
    const { host, port } = this.#gateway.mqtt;
    const socket = open({ host, port, localAddress: this.#address, noDelay: true });
    const wire = new Answers(socket);
    await once(socket, 'connect');
    this.tally.connections++;
    if (this.#chance.oneIn(12)) {
      await this.#last(socket, wire, mutateConnect(this.#name, this.#chance));
      return;
    }
    socket.write(connect({ clientId: this.#name }));
    if (!(await wire.packets(TYPE.connack, 1))) throw new Error(`a well-formed CONNECT was not answered`);
    if (await this.#payloads(socket, wire)) {
      await this.#last(socket, wire, mutatePacket(this.#topic, this.#payload(), this.#chance));
    }
  }

  /** Mutated records in well-formed packets; false when the gateway has had enough of this lane. */
  async #payloads(socket: Socket, wire: Answers): Promise<boolean> {
    const count = this.#chance.below(MAX_PAYLOADS_PER_CONNECTION + 1);
    const packets = Array.from({ length: count }, (_, index) =>
      publish({ topic: this.#topic, payload: mutatePayload(this.#payload(), this.#chance), id: index + 1 }),
    );
    socket.write(Buffer.concat(packets));
    this.tally.packets += count;
    const all = await wire.packets(TYPE.puback, count);
    this.tally.acknowledged += wire.seen(TYPE.puback);
    return all;
  }

  async #last(socket: Socket, wire: Answers, bytes: Buffer): Promise<void> {
    socket.end(bytes);
    this.tally.packets++;
    await wire.closed();
  }

  get #topic(): string {
    return `pos/${STORE}/${this.#name}/records`;
  }

  #payload(): Buffer {
    const number = this.#chance.below(2 ** 31);
    const schedule = this.#chance.pick(['II', 'III', 'IV', 'V', 'NONE']);
    const record = {
      idempotency_key: `fuzz-${number.toString(16).padStart(12, '0')}`,
      ndc: '0574-4072-05',
      quantity: 1 + (number % 90),
      schedule,
      prescription_id: `RX-FUZZ-${number}`,
      pharmacist_npi: '1234567893',
      dispensed_at_utc: '2026-11-22T09:03:00Z',
      patient_ref: `PATIENT-FUZZ-${number}`,
    };
    return Buffer.from(JSON.stringify(record));
  }
}

/** Counts the gateway's answers on one connection and notices its end. */
class Answers {
  readonly #counts = new Map<number, number>();
  readonly #reader = new PacketReader();
  #ended = false;
  #changed = Promise.withResolvers<void>();

  constructor(socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      for (const { type } of this.#reader.push(chunk)) this.#counts.set(type, this.seen(type) + 1);
      this.#change();
    });
    // Being reset is an answer too; 'close' follows. A refused connect is caught by whoever waits for 'connect'.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#ended = true;
      this.#change();
    });
  }

  seen(type: number): number {
    return this.#counts.get(type) ?? 0;
  }

  /** Whether `count` packets of a type come before the connection ends. */
  async packets(type: number, count: number): Promise<boolean> {
    while (this.seen(type) < count && !this.#ended) await this.#next(`packet of type ${type}`);
    return this.seen(type) >= count;
  }

  async closed(): Promise<void> {
    while (!this.#ended) await this.#next('end of the connection');
  }

  /** Waits for any change. A gateway that leaves a connection hanging is a finding, so the wait has a limit. */
  async #next(what: string): Promise<void> {
    const limit = Promise.withResolvers<never>();
    const timer = setTimeout(() => limit.reject(new Error(`no ${what} within ${LIMIT_MS} ms`)), LIMIT_MS);
    try {
      await Promise.race([this.#changed.promise, limit.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #change(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }
}
