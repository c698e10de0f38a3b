/** What a broken or hostile till could send: valid packets and records with something wrong in them. Pure. */
import * as mqtt from '../harness/mqtt-wire.ts';
import type { Chance } from './random.ts';

type Mutation = (bytes: Buffer, chance: Chance) => Buffer;

const put = (bytes: Buffer, at: number, what: Uint8Array) =>
  Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(at)]);

const flipBits: Mutation = (bytes, chance) => {
  const copy = Buffer.from(bytes);
  for (let times = 1 + chance.below(8); times > 0; times--) {
    const at = chance.below(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << chance.below(8));
  }
  return copy;
};

const setByte: Mutation = (bytes, chance) => {
  const copy = Buffer.from(bytes);
  copy[chance.below(copy.length)] = chance.pick([0x00, 0xff, 0x7f, 0x80, 0x22, 0x7b, 0x7d, 0x5c, chance.below(256)]);
  return copy;
};

const cutOff: Mutation = (bytes, chance) => bytes.subarray(0, chance.below(bytes.length));

const cutOut: Mutation = (bytes, chance) => {
  const from = chance.below(bytes.length);
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + chance.below(16))]);
};

const repeatSlice: Mutation = (bytes, chance) => {
  const from = chance.below(bytes.length);
  return put(bytes, from, bytes.subarray(from, from + 1 + chance.below(64)));
};

const insertNoise: Mutation = (bytes, chance) =>
  put(bytes, chance.below(bytes.length + 1), chance.bytes(1 + chance.below(16)));

const ANY_BYTES: readonly [Mutation, ...Mutation[]] = [flipBits, setByte, cutOff, cutOut, repeatSlice, insertNoise];

/** The packet says another length than it has: shorter, longer, huge, or with a fifth length byte (2.2.3 forbids it). */
const lieAboutLength: Mutation = (bytes, chance) => {
  const lies = [
    mqtt.remainingLength(chance.below(bytes.length)),
    mqtt.remainingLength(bytes.length + 1 + chance.below(100_000)),
    mqtt.remainingLength(268_435_455),
    Buffer.from([0xff, 0xff, 0xff, 0xff, 0x7f]),
    Buffer.from([0x80, 0x80, 0x80, 0x00]),
  ] as const;
  return Buffer.concat([bytes.subarray(0, 1), chance.pick(lies), bytes.subarray(2)]);
};

const otherType: Mutation = (bytes, chance) => Buffer.concat([Buffer.from([chance.below(256)]), bytes.subarray(1)]);

const lieAboutInnerLength: Mutation = (bytes, chance) => {
  if (bytes.length < 4) return otherType(bytes, chance);
  const copy = Buffer.from(bytes);
  copy.writeUInt16BE(chance.pick([0, 1, 0x7fff, 0xffff, chance.below(0x10000)]), 2);
  return copy;
};

const noiseAlone: Mutation = (_, chance) => chance.bytes(1 + chance.below(300));

const PACKET_MUTATIONS: readonly [Mutation, ...Mutation[]] = [
  ...ANY_BYTES,
  lieAboutLength,
  lieAboutInnerLength,
  otherType,
  noiseAlone,
];

const STRANGE_TOPICS = [
  '',
  '#',
  '+',
  'pos/+/+/records',
  '$SYS/x',
  'pos//a/records',
  'pos/0042/\u0000/records',
] as const;

/** A packet of any kind, in itself well formed, though perhaps not allowed here. */
function somePacket(topic: string, payload: Buffer, chance: Chance): Buffer {
  const id = chance.below(0x10000);
  const where = chance.oneIn(5) ? chance.pick(STRANGE_TOPICS) : topic;
  return chance.pick<() => Buffer>([
    () => mqtt.publish({ topic: where, payload, id, qos: chance.pick([0, 1, 2]), retain: chance.oneIn(4) }),
    () => mqtt.publish({ topic: where, payload, id }),
    () => mqtt.subscribe(where, id, chance.below(4)),
    () => mqtt.unsubscribe(where, id),
    () => mqtt.acknowledgement(chance.pick([0x40, 0x50, 0x62, 0x70]), id),
    () => mqtt.pingreq(),
    () => mqtt.disconnect(),
    () => mqtt.connect({ clientId: 'again', cleanSession: chance.oneIn(2), will: { topic: where, payload: 'x' } }),
    () => mqtt.packet(chance.pick([0x00, 0xf0, 0x10, 0x20, 0x90, 0xb0, 0xd0]), chance.bytes(chance.below(20))),
  ])();
}

/** A packet with something wrong in its bytes. Never empty, so that something is always sent. */
export function mutatePacket(topic: string, payload: Buffer, chance: Chance): Buffer {
  const base = somePacket(topic, payload, chance);
  const mutated = chance.pick(PACKET_MUTATIONS)(base, chance);
  if (mutated.length > 0) return mutated;
  return base.subarray(0, 1);
}

/** Any bytes with something wrong in them; never empty. */
export function mutateBytes(bytes: Buffer, chance: Chance): Buffer {
  const mutated = chance.pick(ANY_BYTES)(bytes, chance);
  return mutated.length > 0 ? mutated : bytes.subarray(0, 1);
}

export function mutateConnect(clientId: string, chance: Chance): Buffer {
  const mutated = chance.pick(PACKET_MUTATIONS)(mqtt.connect({ clientId, userName: clientId }), chance);
  return mutated.length > 0 ? mutated : Buffer.from([0x10]);
}

/** Texts that parsers and programs have stumbled over. */
const TOKENS: readonly [string, ...string[]] = [
  '"\\ud800"',
  '1e999',
  '-0',
  '9007199254740993',
  '0.1e-400',
  '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[',
  '{"a":'.repeat(40),
  '"__proto__":{"x":1},',
  '"constructor":null,',
  '"schedule":"II",',
  '\u0000',
  '\\u0000',
  '\ufeff',
  'null',
  'true',
  '"',
  '\\',
  ',',
  'NaN',
  "'); DROP TABLE record; --",
];

const insertToken: Mutation = (bytes, chance) =>
  put(bytes, chance.below(bytes.length + 1), Buffer.from(chance.pick(TOKENS)));

const bloat: Mutation = (bytes, chance) =>
  put(
    bytes,
    chance.below(bytes.length + 1),
    Buffer.alloc(1 + chance.below(4000), chance.pick([0x20, 0x5b, 0x39, 0x22])),
  );

/** Replaces one member's value by a text of another kind. */
const otherValue: Mutation = (bytes, chance) => {
  const text = bytes.toString('latin1');
  const values = [...text.matchAll(/:("[^"]*"|\d+)/g)];
  const found = values[chance.below(values.length)];
  if (found === undefined) return insertToken(bytes, chance);
  const end = found.index + found[0].length;
  return Buffer.concat([bytes.subarray(0, found.index + 1), Buffer.from(chance.pick(TOKENS)), bytes.subarray(end)]);
};

const PAYLOAD_MUTATIONS: readonly [Mutation, ...Mutation[]] = [
  ...ANY_BYTES,
  insertToken,
  insertToken,
  otherValue,
  otherValue,
  bloat,
];

/** A record with one to three things wrong in its text. */
export function mutatePayload(payload: Buffer, chance: Chance): Buffer {
  let mutated = payload;
  for (let times = 1 + chance.below(3); times > 0; times--) {
    if (mutated.length > 0) mutated = chance.pick(PAYLOAD_MUTATIONS)(mutated, chance);
  }
  return mutated;
}
