/**
 * One hostile till: connects, publishes mutated records, ends with a mutated packet, and comes back; where there is TLS it also
 * meddles with the bytes beneath. It waits for the gateway's answer to each step, so every packet it counts was read on a live
 * connection.
 */
import type { Socket } from 'node:net';
import { laneHashOf, sha256 } from '../harness/checker/canonical.ts';
import { STORE } from '../harness/gateway.ts';
import { connect, PacketReader, publish, TYPE } from '../harness/mqtt-wire.ts';
import type { Beneath, Door } from './doors.ts';
import { mutateBytes, mutateConnect, mutatePacket, mutatePayload } from './mutate.ts';
import type { Chance } from './random.ts';

export interface Tally {
  /** Mutated MQTT packets sent, of any kind. */
  packets: number;
  /** Of them, those on a TLS connection with a client certificate. */
  secured: number;
  /** Mutated TLS records: a handshake, or what comes beneath an open connection. */
  records: number;
  connections: number;
  /** Mutated records that the gateway acknowledged (as refused, or as still being records). */
  acknowledged: number;
}

/** What was acknowledged, each once: SHA-256 of the bytes, and what the lane hash would be if they were a record (else empty). */
export type Promised = Map<string, string>;

export const NOTHING_SENT: Tally = { packets: 0, secured: 0, records: 0, connections: 0, acknowledged: 0 };

const MAX_PAYLOADS_PER_CONNECTION = 16;
/** A step that is not answered within this is a finding; longer than any wait of the gateway's own, on a busy machine too. */
const LIMIT_MS = 120_000;

export class Attacker {
  readonly #doors: readonly Door[];
  readonly #chance: Chance;
  readonly #promised: Promised;
  readonly tally: Tally = { ...NOTHING_SENT };
  #sessions = 0;

  /** It comes through `doors` in turn, each a lane of its own: what a lane may leave as evidence has an end. */
  constructor(doors: readonly Door[], chance: Chance, promised: Promised) {
    this.#doors = doors;
    this.#promised = promised;
    this.#chance = chance;
  }

  /** Attacks until `wanted` mutated packets were sent. */
  async run(wanted: number): Promise<void> {
    while (this.tally.packets < wanted) await this.#session();
  }

  get #door(): Door {
    const door = this.#doors[this.#sessions % this.#doors.length];
    if (door === undefined) throw new Error('an attacker needs a door');
    return door;
  }

  async #session(): Promise<void> {
    this.#sessions++;
    const { beneath, lane } = this.#door;
    if (beneath !== null && this.#chance.oneIn(10)) return await this.#beneath(beneath, lane);
    const socket = await this.#door.open();
    const wire = new Answers(socket);
    this.tally.connections++;
    if (this.#chance.oneIn(12)) return await this.#last(socket, wire, mutateConnect(lane, this.#chance));
    socket.write(connect({ clientId: lane }));
    if (!(await wire.packets(TYPE.connack, 1))) throw new Error(`a well-formed CONNECT was not answered`);
    if (await this.#payloads(socket, wire)) {
      await this.#last(socket, wire, mutatePacket(this.#topic, this.#payload(), this.#chance));
    }
  }

  /** A handshake with something wrong in it, or bytes that no key has sealed in the middle of a connection. */
  async #beneath(beneath: Beneath, lane: string): Promise<void> {
    this.tally.connections++;
    this.tally.records++;
    if (this.#chance.oneIn(2)) {
      const socket = await beneath.open();
      const wire = new Answers(socket, 'bytes');
      socket.end(mutateBytes(beneath.hello, this.#chance));
      return await wire.closed();
    }
    const { tls, tcp } = await beneath.both();
    const wire = new Answers(tls);
    tls.write(connect({ clientId: lane }));
    await wire.packets(TYPE.connack, 1);
    tcp.end(this.#chance.oneIn(2) ? mutateBytes(beneath.hello, this.#chance) : this.#chance.bytes(40));
    await wire.closed();
  }

  /** Mutated records in well-formed packets; false when the gateway has had enough of this lane. */
  async #payloads(socket: Socket, wire: Answers): Promise<boolean> {
    const count = this.#chance.below(MAX_PAYLOADS_PER_CONNECTION + 1);
    const payloads = Array.from({ length: count }, () => mutatePayload(this.#payload(), this.#chance));
    const packets = payloads.map((payload, index) => publish({ topic: this.#topic, payload, id: index + 1 }));
    socket.write(Buffer.concat(packets));
    this.#count(count);
    const all = await wire.packets(TYPE.puback, count);
    this.tally.acknowledged += wire.seen(TYPE.puback);
    for (const id of wire.acknowledged) {
      const payload = payloads[id - 1];
      if (payload === undefined) throw new Error(`PUBACK ${id} for nothing that was sent`);
      this.#promised.set(sha256(payload), laneHashIn(payload));
    }
    return all;
  }

  async #last(socket: Socket, wire: Answers, bytes: Buffer): Promise<void> {
    socket.end(bytes);
    this.#count(1);
    await wire.closed();
  }

  #count(packets: number): void {
    this.tally.packets += packets;
    if (this.#door.beneath !== null) this.tally.secured += packets;
  }

  get #topic(): string {
    return `pos/${STORE}/${this.#door.lane}/records`;
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

/** The lane hash of bytes that may be a record; empty where they are no JSON object. */
function laneHashIn(payload: Buffer): string {
  try {
    const value: unknown = JSON.parse(payload.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? laneHashOf(value) : '';
  } catch {
    return '';
  }
}

/** Counts the gateway's answers on one connection and notices its end. */
class Answers {
  readonly #counts = new Map<number, number>();
  readonly #reader = new PacketReader();
  /** Packet identifiers of the PUBACKs. */
  readonly acknowledged: number[] = [];
  #ended = false;
  #changed = Promise.withResolvers<void>();

  /** `bytes`: what comes is no MQTT, and is not looked at. */
  constructor(socket: Socket, language: 'mqtt' | 'bytes' = 'mqtt') {
    socket.on('data', (chunk: Buffer) => {
      if (language === 'bytes') return;
      for (const { body, type } of this.#reader.push(chunk)) {
        this.#counts.set(type, this.seen(type) + 1);
        if (type === TYPE.puback) this.acknowledged.push(body.readUInt16BE(0));
      }
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
