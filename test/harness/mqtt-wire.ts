/**
 * MQTT 3.1.1 packets byte by byte, for tests that need what a proper client library would never send.
 * Section numbers are those of the OASIS standard, http://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/.
 */

/** Packet types (2.2.1), the upper half of the first byte. */
export const TYPE = { connect: 1, connack: 2, publish: 3, puback: 4, subscribe: 8, suback: 9, pingresp: 13 } as const;

/** Remaining length (2.2.3): seven bits a byte, at most four bytes. */
export function remainingLength(length: number): Buffer {
  const bytes: number[] = [];
  let rest = length;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 128 : low);
  } while (rest > 0);
  return Buffer.from(bytes);
}

const text = (value: string | Uint8Array) => {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

const number16 = (value: number) => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value & 0xffff);
  return bytes;
};

/** One packet from its first byte and everything behind the remaining length. */
export function packet(firstByte: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([firstByte]), remainingLength(body.length), body]);
}

export interface ConnectOptions {
  readonly clientId: string;
  readonly userName?: string;
  readonly cleanSession?: boolean;
  readonly keepAliveSeconds?: number;
  readonly will?: { readonly topic: string; readonly payload: string };
}

/** CONNECT (3.1). */
export function connect(options: ConnectOptions): Buffer {
  const { clientId, userName, will, cleanSession = true, keepAliveSeconds = 30 } = options;
  const flags = (cleanSession ? 0x02 : 0) | (will === undefined ? 0 : 0x0c) | (userName === undefined ? 0 : 0x80);
  return packet(
    0x10,
    text('MQTT'),
    Buffer.from([4, flags]),
    number16(keepAliveSeconds),
    text(clientId),
    ...(will === undefined ? [] : [text(will.topic), text(will.payload)]),
    ...(userName === undefined ? [] : [text(userName)]),
  );
}

export interface PublishOptions {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly id?: number;
  readonly qos?: 0 | 1 | 2;
  readonly retain?: boolean;
}

/** PUBLISH (3.3). */
export function publish({ topic, payload, id = 1, qos = 1, retain = false }: PublishOptions): Buffer {
  const first = 0x30 | (qos << 1) | (retain ? 1 : 0);
  return packet(first, text(topic), ...(qos === 0 ? [] : [number16(id)]), Buffer.from(payload));
}

/** SUBSCRIBE (3.8) to one topic filter. */
export const subscribe = (filter: string, id = 1, qos = 1): Buffer =>
  packet(0x82, number16(id), text(filter), Buffer.from([qos]));

export const unsubscribe = (filter: string, id = 1): Buffer => packet(0xa2, number16(id), text(filter));
export const pingreq = (): Buffer => packet(0xc0);
export const disconnect = (): Buffer => packet(0xe0);
/** PUBACK, PUBREC, PUBREL or PUBCOMP by its first byte (0x40, 0x50, 0x62, 0x70). */
export const acknowledgement = (firstByte: number, id: number): Buffer => packet(firstByte, number16(id));

export interface SeenPacket {
  readonly type: number;
  readonly body: Buffer;
}

/** Cuts a stream of bytes into packets; give it every chunk as it comes. */
export class PacketReader {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Uint8Array): SeenPacket[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const packets: SeenPacket[] = [];
    for (let next = this.#next(); next !== null; next = this.#next()) packets.push(next);
    return packets;
  }

  #next(): SeenPacket | null {
    let length = 0;
    let at = 1;
    for (let shift = 0; ; shift += 7, at++) {
      const byte = this.#rest[at];
      if (byte === undefined) return null;
      if (shift > 21) throw new Error('not MQTT: a remaining length has at most four bytes');
      length |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    const start = at + 1;
    if (this.#rest.length < start + length) return null;
    const type = (this.#rest[0] ?? 0) >> 4;
    const body = this.#rest.subarray(start, start + length);
    this.#rest = this.#rest.subarray(start + length);
    return { type, body };
  }
}
