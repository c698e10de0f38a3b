/** The intake stage on real sockets, with a sink the test decides for. */
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { connect as open, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { CounterfoilError } from '../../src/base/errors.ts';
import { silentLog } from '../../src/base/log.ts';
import type { IntakeItem, IntakeResult } from '../../src/buffer/api.ts';
import { Intake, type IntakeOptions, type IntakeParts } from '../../src/intake/intake.ts';
import { parseReceipt } from '../../src/record/lane-wire.ts';
import { connect, PacketReader, publish, type SeenPacket, subscribe, TYPE, unsubscribe } from '../harness/mqtt-wire.ts';

const OPTIONS: IntakeOptions = {
  store: '0042',
  source: { gatewayId: 'gw-0042', epoch: '00000000', checkpoint: () => null },
  products: null,
  clockQuality: () => 'unknown',
  signatures: { judge: () => ({ flags: [], notes: [] }), holds: () => false },
  listeners: [{ url: 'mqtt://127.0.0.1:0', certFile: null, keyFile: null, laneCaFile: null }],
  maxConnections: 100,
  maxConnectionsPerAddress: 100,
  connectTimeoutMs: 10_000,
  maxPacketBytes: 300_000,
  maxKeepAliveSeconds: 60,
  queueLimit: 1000,
  maxInFlightBytes: 10_000_000,
};

const cleanUp: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

const recordOf = (key: string, more: object = {}) =>
  JSON.stringify({
    idempotency_key: key,
    ndc: '0574-4072-05',
    quantity: 30,
    schedule: 'NONE',
    prescription_id: 'RX-1',
    pharmacist_npi: '1234567893',
    dispensed_at_utc: '2026-11-22T09:03:00Z',
    ...more,
  });

const keyOf = (item: IntakeItem): string => (item.type === 'record' ? item.record.idempotencyKey : 'refused');

/** Stores in memory; `fail` decides what happens to the next group. */
class Sink {
  readonly stored: string[] = [];
  fail: (items: readonly IntakeItem[]) => Error | null = () => null;

  async intake(items: readonly IntakeItem[]): Promise<IntakeResult[]> {
    await new Promise((resolve) => setImmediate(resolve));
    const error = this.fail(items);
    if (error !== null) throw error;
    return items.map((item) => {
      this.stored.push(keyOf(item));
      const trail = { log: 'audit' as const, index: 0, leaf: Buffer.alloc(32) };
      if (item.type === 'refused') return { status: 'refused', state: 'REFUSED', receivedAtMs: 0, trail };
      const { laneHash, payloadHash } = item.record;
      const sequence = this.stored.length;
      return {
        status: 'accepted',
        state: item.hold === true ? 'HELD' : 'PENDING',
        sequence,
        receivedAtMs: 0,
        flags: item.record.flags,
        laneHash,
        payloadHash,
        trail,
      };
    });
  }
}

async function started(change: Partial<IntakeOptions> = {}, more: Partial<IntakeParts> = {}) {
  const sink = new Sink();
  const intake = new Intake(
    { ...OPTIONS, ...change },
    { sink, clock: systemClock, log: silentLog, onCommitted() {}, onWitnessed() {}, ...more },
  );
  await intake.start();
  cleanUp.push(() => intake.stop());
  return { sink, intake, port: Number(new URL(intake.addresses[0] ?? '').port) };
}

class Till {
  readonly socket: Socket;
  readonly packets: SeenPacket[] = [];
  #changed = Promise.withResolvers<void>();
  closed = false;

  constructor(port: number) {
    this.socket = open(port, '127.0.0.1');
    const reader = new PacketReader();
    this.socket.on('data', (chunk: Buffer) => {
      this.packets.push(...reader.push(chunk));
      this.#wake();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
    cleanUp.push(() => {
      this.socket.destroy();
    });
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await this.#changed.promise;
  }

  count(type: number): number {
    return this.packets.filter((packet) => packet.type === type).length;
  }

  static async in(port: number, clientId: string): Promise<Till> {
    const till = new Till(port);
    till.socket.write(connect({ clientId }));
    await till.until(() => till.count(TYPE.connack) === 1);
    return till;
  }

  sell(id: number, key: string, more: object = {}): Buffer {
    return publish({ topic: 'pos/0042/lane-1/records', payload: Buffer.from(recordOf(key, more)), id });
  }
}

/** Receipts a till has got. Not from the first brace on: the packet id before the receipt may be one. */
const receiptsOf = (till: Till) =>
  till.packets
    .filter(({ type }) => type === TYPE.publish)
    .map(({ body }) => parseReceipt(body.subarray(body.indexOf('{"'))) ?? expect.fail('no receipt'));

describe('back-pressure', () => {
  it.each([1, 3, 20])(
    'answers every publish of a long pipeline, in order, with room for %i at a time',
    async (queueLimit) => {
      const { port, sink } = await started({ queueLimit });
      const tills = await Promise.all([1, 2, 3, 4].map((n) => Till.in(port, `till-${n}`)));
      const total = 300;
      for (const [n, till] of tills.entries()) {
        const sales = Array.from({ length: total }, (_, at) =>
          till.sell(at + 1, `key-${n}-${String(at).padStart(5, '0')}`, { pad: 'x'.repeat(700) }),
        );
        till.socket.write(Buffer.concat(sales));
      }
      await Promise.all(tills.map((till) => till.until(() => till.count(TYPE.puback) === total)));
      for (const n of [0, 1, 2, 3]) {
        const own = sink.stored.filter((key) => key.startsWith(`key-${n}-`));
        expect(own).toEqual([...own].sort());
        expect(own.length).toBe(total);
      }
    },
  );

  it('takes records pipelined behind CONNECT', async () => {
    const { port } = await started();
    const till = new Till(port);
    till.socket.write(
      Buffer.concat([
        connect({ clientId: 'eager' }),
        ...Array.from({ length: 200 }, (_, n) => till.sell(n + 1, `eager-${n}-key`)),
      ]),
    );
    await till.until(() => till.count(TYPE.puback) === 200);
    expect(till.closed).toBe(false);
  });
});

describe('the trail in receipts', () => {
  const source = { gatewayId: 'gw-0042', epoch: '00000000', checkpoint: (log: string) => `note of ${log}` };

  it('is its newest checkpoint; what a record carries back is handed on once it is answered', async () => {
    const witnessed: string[] = [];
    const onWitnessed = (lane: string, note: string) => witnessed.push(`${lane} ${note}`);
    const { port, sink } = await started({ source }, { onWitnessed });
    const till = await Till.in(port, 'till');
    till.socket.write(subscribe('pos/0042/lane-1/receipts'));
    await till.until(() => till.count(TYPE.suback) === 1);
    till.socket.write(
      Buffer.concat([
        till.sell(1, 'without-note'),
        till.sell(2, 'with-a-note', { witnessed_checkpoint: 'a note' }),
        till.sell(3, 'no-record', { quantity: null, witnessed_checkpoint: 'of no record' }),
      ]),
    );
    await till.until(() => receiptsOf(till).length === 3);
    expect(receiptsOf(till).map(({ trail }) => trail?.checkpoint)).toEqual(Array(3).fill('note of audit'));
    expect(witnessed).toEqual(['lane-1 a note']);
    sink.fail = () => new CounterfoilError('storage_full', 'full', 'free space');
    till.socket.write(till.sell(4, 'deferred-one', { witnessed_checkpoint: 'of nothing stored' }));
    await till.until(() => receiptsOf(till).length === 4);
    expect(witnessed).toHaveLength(1);
  });
});

describe('a full disk', () => {
  const full = () => new CounterfoilError('storage_full', 'full', 'free space');

  it('defers without PUBACK, keeps the connection, and lets nothing overtake what was deferred', async () => {
    const { port, sink } = await started();
    const till = await Till.in(port, 'till');
    till.socket.write(subscribe('pos/0042/lane-1/receipts'));
    await till.until(() => till.count(TYPE.suback) === 1);
    sink.fail = full;
    till.socket.write(Buffer.concat([till.sell(1, 'deferred-a'), till.sell(2, 'deferred-b')]));
    await till.until(() => till.count(TYPE.publish) === 2);
    sink.fail = () => null;
    till.socket.write(
      Buffer.concat([
        till.sell(3, 'deferred-a'),
        till.sell(4, 'later-rec-c'),
        till.sell(5, 'two-record', { schedule: 'II' }),
      ]),
    );
    await till.until(() => till.count(TYPE.puback) === 2);
    till.socket.write(Buffer.concat([till.sell(6, 'deferred-b'), till.sell(7, 'later-rec-c')]));
    await till.until(() => till.count(TYPE.puback) >= 3);
    till.socket.write(till.sell(8, 'later-rec-c'));
    await till.until(() => till.count(TYPE.puback) >= 4);
    expect(till.closed).toBe(false);
    expect([...new Set(sink.stored.filter((key) => key !== 'two-record'))]).toEqual([
      'deferred-a',
      'deferred-b',
      'later-rec-c',
    ]);
  });

  it('takes a whole window that comes again at once, in its old order', async () => {
    const { port, sink } = await started();
    const till = await Till.in(port, 'till');
    till.socket.write(subscribe('pos/0042/lane-1/receipts'));
    await till.until(() => till.count(TYPE.suback) === 1);
    sink.fail = full;
    const keys = ['deferred-a', 'deferred-b', 'deferred-c', 'deferred-d'];
    const window = (from: number, order: readonly string[]) =>
      Buffer.concat(order.map((key, at) => till.sell(from + at, key)));
    till.socket.write(window(1, keys));
    await till.until(() => till.count(TYPE.publish) === 4);
    sink.fail = () => null;
    // Out of order only the oldest passes; what is then still to come keeps its order.
    till.socket.write(window(11, ['deferred-b', 'deferred-a']));
    await till.until(() => till.count(TYPE.puback) === 1);
    till.socket.write(window(21, ['deferred-b', 'deferred-c', 'deferred-d', 'later-rec-e']));
    await till.until(() => till.count(TYPE.puback) === 5);
    expect(sink.stored).toEqual([...keys, 'later-rec-e']);
  });
});

describe('refusals', () => {
  it('closes the connection of what could not be stored for another reason, and serves the others', async () => {
    const { port, sink } = await started();
    const [bad, good] = [await Till.in(port, 'bad'), await Till.in(port, 'good')];
    sink.fail = () => new Error('a fault of the program');
    bad.socket.write(bad.sell(1, 'key-00001'));
    await bad.until(() => bad.closed);
    sink.fail = () => null;
    good.socket.write(good.sell(1, 'key-00002'));
    await good.until(() => good.count(TYPE.puback) === 1);
    expect(bad.count(TYPE.puback)).toBe(0);
  });

  it('takes no QoS 2 publish', async () => {
    const { port, sink } = await started();
    const till = await Till.in(port, 'till');
    till.socket.write(
      publish({ topic: 'pos/0042/lane-1/records', payload: Buffer.from(recordOf('key-00001')), id: 1, qos: 2 }),
    );
    await till.until(() => till.closed);
    expect(sink.stored).toEqual([]);
  });

  it('stops sending receipts after UNSUBSCRIBE', async () => {
    const { port } = await started();
    const till = await Till.in(port, 'till');
    const topic = 'pos/0042/lane-1/receipts';
    till.socket.write(Buffer.concat([subscribe(topic), till.sell(1, 'key-00001')]));
    await till.until(() => till.count(TYPE.publish) === 1);
    till.socket.write(unsubscribe(topic, 9));
    await till.until(() => till.packets.some((packet) => packet.type === 11));
    till.socket.write(Buffer.concat([till.sell(2, 'key-00002'), till.sell(3, 'key-00003')]));
    await till.until(() => till.count(TYPE.puback) === 3);
    expect(till.count(TYPE.publish)).toBe(1);
  });

  it('counts no more than a thousand lanes, by whichever way they are named', async () => {
    const { port } = await started();
    const till = await Till.in(port, 'till');
    till.socket.destroy();
    const codes: number[] = [];
    for (let n = 0; n <= 1000; n += 1) {
      const stranger = await Till.in(port, `stranger-${n}`);
      stranger.socket.write(subscribe(`pos/0042/lane-${n}/receipts`));
      await stranger.until(() => stranger.count(TYPE.suback) === 1);
      codes.push(stranger.packets.find((packet) => packet.type === TYPE.suback)?.body[2] ?? -1);
      stranger.socket.destroy();
      await once(stranger.socket, 'close');
    }
    expect([codes.slice(0, 1000).every((code) => code === 1), codes[1000]]).toEqual([true, 0x80]);
  }, 60_000);
});

describe('first verification', () => {
  const message = 'sign it';
  const signatures: IntakeOptions['signatures'] = {
    judge: ({ signatures: sent }) =>
      sent.length > 0
        ? { flags: [], notes: [] }
        : {
            flags: ['signature_missing'],
            notes: [{ code: 'signature_missing', field: 'signatures', message }],
          },
    holds: (flags) => flags.includes('signature_missing'),
  };
  it('holds what is not signed, says why, and says it as a step of its own', async () => {
    const { port } = await started({ signatures });
    const till = await Till.in(port, 'till');
    till.socket.write(
      Buffer.concat([
        subscribe('pos/0042/lane-1/receipts'),
        till.sell(1, 'unsigned-1', { schedule: 'II' }),
        till.sell(2, 'signed-001', { schedule: 'II', signatures: [{}] }),
        till.sell(3, 'standard-1'),
      ]),
    );
    await till.until(() => till.count(TYPE.publish) === 4);
    const reasons = [{ code: 'signature_missing', field: 'signatures', message }];
    expect(receiptsOf(till)).toMatchObject([
      { idempotency_key: 'unsigned-1', status: 'accepted', state: 'HELD', flags: ['signature_missing'], reasons },
      { idempotency_key: 'unsigned-1', status: 'held', state: 'HELD', flags: ['signature_missing'], reasons },
      { idempotency_key: 'signed-001', status: 'accepted', state: 'PENDING', flags: [], reasons: [] },
      { idempotency_key: 'standard-1', status: 'accepted', state: 'PENDING', flags: [], reasons: [] },
    ]);
  });
});

it('hashes what it refuses when there is no lane hash', async () => {
  const { port, sink } = await started();
  const seen: Buffer[] = [];
  sink.fail = (items) => {
    for (const item of items) if (item.type === 'refused') seen.push(item.hash);
    return null;
  };
  const till = await Till.in(port, 'till');
  till.socket.write(publish({ topic: 'pos/0042/lane-1/records', payload: Buffer.from('no json'), id: 1 }));
  await till.until(() => till.count(TYPE.puback) === 1);
  expect(seen).toEqual([hash('sha256', 'no json', 'buffer')]);
});

describe('practice', () => {
  const topic = 'pos/0042/lane-1/training';
  const practice = (id: number, key: string) => publish({ topic, payload: Buffer.from(recordOf(key)), id });
  async function withTraining() {
    const practised = new Sink();
    const open = new Set(['lane-1']);
    const training = { has: (lane: string) => open.has(lane), sink: practised };
    return { practised, open, ...(await started({}, { training })) };
  }

  it('goes to a place of its own, is in no figure, and its receipt says what it is', async () => {
    const { port, sink, practised, intake } = await withTraining();
    const till = await Till.in(port, 'till');
    till.socket.write(Buffer.concat([subscribe('pos/0042/lane-1/receipts'), practice(1, 'practice-1')]));
    await till.until(() => till.count(TYPE.puback) === 1 && till.count(TYPE.publish) === 1);
    expect([practised.stored, sink.stored, intake.lanes()]).toEqual([['practice-1'], [], []]);
    expect(receiptsOf(till)).toMatchObject([
      { status: 'accepted', training: true, sequence_id: 'gw-0042-00000000-training-000000000001' },
    ]);
  });

  it('waits for no deferred sale, and no sale waits for it', async () => {
    const { port, sink, practised } = await withTraining();
    const till = await Till.in(port, 'till');
    const full = () => new CounterfoilError('storage_full', 'full', 'Make room.');
    sink.fail = full;
    practised.fail = full;
    till.socket.write(
      Buffer.concat([subscribe('pos/0042/lane-1/receipts'), till.sell(1, 'deferred-a'), practice(2, 'practice-1')]),
    );
    await till.until(() => till.count(TYPE.publish) === 2);
    expect(receiptsOf(till).map(({ status }) => status)).toEqual(['deferred', 'deferred']);
    practised.fail = () => null;
    till.socket.write(practice(3, 'practice-2'));
    await till.until(() => till.count(TYPE.puback) === 1);
    sink.fail = () => null;
    till.socket.write(till.sell(4, 'deferred-a'));
    await till.until(() => till.count(TYPE.puback) === 2);
    expect([sink.stored, practised.stored]).toEqual([['deferred-a'], ['practice-2']]);
  });

  it('is told to be held where a sale would be', async () => {
    const training = { has: () => true, sink: new Sink() };
    const signatures = { ...OPTIONS.signatures, holds: () => true };
    const { port } = await started({ signatures }, { training });
    const till = await Till.in(port, 'till');
    const payload = Buffer.from(recordOf('practice-1', { schedule: 'II' }));
    till.socket.write(Buffer.concat([subscribe('pos/0042/lane-1/receipts'), publish({ topic, payload, id: 1 })]));
    await till.until(() => till.count(TYPE.publish) === 2);
    expect(receiptsOf(till)).toMatchObject([
      { status: 'accepted', state: 'HELD', training: true },
      { status: 'held', state: 'HELD', training: true },
    ]);
  });

  it('ends the connection of a lane whose training is over', async () => {
    const { port, practised, open } = await withTraining();
    const till = await Till.in(port, 'till');
    till.socket.write(practice(1, 'practice-1'));
    await till.until(() => till.count(TYPE.puback) === 1);
    open.clear();
    till.socket.write(practice(2, 'practice-2'));
    await till.until(() => till.closed);
    expect(practised.stored).toEqual(['practice-1']);
  });
});
