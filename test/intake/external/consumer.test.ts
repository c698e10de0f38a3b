/** The consumer's words on the wire, byte by byte, with a broker the test scripts. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { systemClock, systemTimers, type Timers } from '../../../src/base/clock.ts';
import type { Closing } from '../../../src/intake/external/closing.ts';
import { closing } from '../../../src/intake/external/closing.ts';
import { Consumer, type Delivery } from '../../../src/intake/external/consumer.ts';
import { Gate } from '../../../src/intake/gate.ts';
import { PacketReader, packet, publish, type SeenPacket, TYPE } from '../../harness/mqtt-wire.ts';

const CONNACK = (present: boolean, code = 0) => packet(0x20, Buffer.from([present ? 1 : 0, code]));
const SUBACK = (granted: number) => packet(0x90, Buffer.from([0, 1, granted]));

const cleanUp: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

class Wire {
  readonly heard: SeenPacket[] = [];
  readonly deliveries: Delivery[] = [];
  readonly closings: Closing[] = [];
  readonly opened: boolean[] = [];
  readonly gate = new Gate({ publishes: 1, bytes: 1_000_000 });
  /** Timers the test has not let run. */
  readonly due: { delayMs: number; task: () => void }[] = [];
  socket: Socket | null = null;
  readonly #watchers = new Set<() => void>();

  async until(holds: () => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const look = () => {
        if (!holds()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  look(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  say(...packets: readonly Uint8Array[]): void {
    this.socket?.write(Buffer.concat(packets));
  }

  of(type: number): SeenPacket[] {
    return this.heard.filter((seen) => seen.type === type);
  }
}

/** A consumer that has sent its CONNECT. `byHand`: its timers run when the test says so. */
async function rig(options: { readonly byHand?: boolean } = {}): Promise<{ wire: Wire; consumer: Consumer }> {
  const wire = new Wire();
  const server = createServer((socket) => {
    wire.socket = socket;
    const reader = new PacketReader();
    socket.on('data', (chunk: Buffer) => {
      wire.heard.push(...reader.push(chunk));
      wire.look();
    });
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => new Promise((resolve) => server.close(resolve)));
  const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const byHand: Timers = {
    after(delayMs, task) {
      const entry = { delayMs, task };
      wire.due.push(entry);
      return () => {
        const at = wire.due.indexOf(entry);
        if (at >= 0) wire.due.splice(at, 1);
      };
    },
  };
  const timers = options.byHand === true ? byHand : systemTimers;
  const consumer = new Consumer(
    {
      address: { url, username: 'gateway', password: 'secret', ca: null, cert: null, key: null },
      clientId: 'counterfoil-0042',
      cleanSession: false,
      keepAliveSeconds: 20,
      connectTimeoutMs: 5000,
    },
    'pos/0042/+/records',
    {
      onOpen: (present) => {
        wire.opened.push(present);
        wire.look();
      },
      onDelivery: (delivery) => {
        wire.deliveries.push(delivery);
        wire.look();
      },
      onClosed: (why) => {
        wire.closings.push(why);
        wire.look();
      },
    },
    { clock: systemClock, timers, gate: wire.gate },
  );
  cleanUp.push(() => consumer.close(closing('stopped')));
  await wire.until(() => wire.of(TYPE.connect).length === 1);
  return { wire, consumer };
}

async function open(options: { readonly byHand?: boolean } = {}) {
  const { consumer, wire } = await rig(options);
  wire.say(CONNACK(true));
  await wire.until(() => wire.of(TYPE.subscribe).length === 1);
  wire.say(SUBACK(1));
  await wire.until(() => wire.opened.length === 1);
  return { consumer, wire };
}

const sale = (id: number) => publish({ topic: 'pos/0042/till/records', payload: `${id}`, id });
const pubacks = (wire: Wire) => wire.of(TYPE.puback).map(({ body }) => body.readUInt16BE(0));

test('it asks for a session that is kept, with user and password', async () => {
  const { wire } = await rig();
  const body = wire.of(TYPE.connect)[0]?.body ?? Buffer.alloc(0);
  // Protocol level 4 and the flags (3.1.2): user name, password, and neither clean session nor will.
  expect([body[6], body[7]]).toEqual([4, 0xc0]);
  expect(body.includes('counterfoil-0042')).toBe(true);
});

test('PUBACKs leave in the order of the publishes, whatever the order of the decisions', async () => {
  const { wire } = await open();
  wire.say(sale(11), sale(12), sale(13));
  await wire.until(() => wire.deliveries.length === 3);
  wire.deliveries[2]?.done();
  wire.deliveries[1]?.done();
  wire.deliveries[0]?.done();
  await wire.until(() => pubacks(wire).length === 3);
  expect(pubacks(wire)).toEqual([11, 12, 13]);
});

test('what comes before the subscription is confirmed is taken', async () => {
  const { wire } = await rig();
  wire.say(CONNACK(true), sale(5));
  await wire.until(() => wire.deliveries.length === 1);
  wire.deliveries[0]?.done();
  await wire.until(() => pubacks(wire).length === 1);
});

test('after "again" nothing more is acknowledged, and the broker keeps the session', async () => {
  const { wire } = await open();
  wire.say(sale(1), sale(2), sale(3));
  await wire.until(() => wire.deliveries.length === 3);
  wire.deliveries[0]?.done();
  wire.deliveries[1]?.again();
  wire.deliveries[2]?.done();
  const disconnect = 14;
  await wire.until(() => wire.of(disconnect).length === 1);
  expect(pubacks(wire)).toEqual([1]);
  expect(wire.closings).toMatchObject([{ code: 'not_stored' }]);
  expect(wire.deliveries[2]?.isLive()).toBe(false);
});

test('a subscription granted with QoS 0, or refused, ends the session', async () => {
  for (const granted of [0, 0x80]) {
    const { wire } = await rig();
    wire.say(CONNACK(false), SUBACK(granted));
    await wire.until(() => wire.closings.length === 1);
    expect(wire.closings).toMatchObject([{ code: 'subscription' }]);
  }
});

test.each([
  [1, 'not_mqtt'],
  [2, 'client_id'],
  [3, 'unavailable'],
  [4, 'credentials'],
  [5, 'credentials'],
] as const)('CONNACK with return code %i means %s', async (returnCode, code) => {
  const { wire } = await rig();
  wire.say(CONNACK(false, returnCode));
  await wire.until(() => wire.closings.length === 1);
  expect(wire.closings).toMatchObject([{ code }]);
});

test('a broker that hangs up is told apart from one that was never there', async () => {
  const { wire } = await open();
  wire.socket?.destroy();
  await wire.until(() => wire.closings.length === 1);
  expect(wire.closings).toMatchObject([{ code: 'closed_by_broker' }]);
});

test('while the gate is shut nothing is read, and nothing is lost', async () => {
  const { wire } = await open();
  wire.gate.enter(1);
  const count = 2000;
  for (let id = 1; id <= count; id += 1)
    wire.say(publish({ topic: 'pos/0042/till/records', payload: 'x'.repeat(500), id }));
  await wire.until(() => wire.deliveries.length > 0);
  // The socket's own buffers hold the rest back.
  expect(wire.deliveries.length).toBeLessThan(count);
  wire.gate.leave(1);
  await wire.until(() => wire.deliveries.length === count);
});

test('it pings at half the keep-alive, and gives a silent broker up at the next', async () => {
  const { wire } = await open({ byHand: true });
  const pingreq = 12;
  const turn = () => {
    const next = wire.due.shift();
    expect(next?.delayMs).toBe(10_000);
    next?.task();
  };
  turn();
  await wire.until(() => wire.of(pingreq).length === 1);
  wire.say(packet(0xd0), sale(1));
  await wire.until(() => wire.deliveries.length === 1);
  turn();
  await wire.until(() => wire.of(pingreq).length === 2);
  turn();
  expect(wire.closings).toMatchObject([{ code: 'silent' }]);
});

test('a broker that does not answer CONNECT is given up', async () => {
  const { wire } = await rig({ byHand: true });
  expect(wire.due.map(({ delayMs }) => delayMs)).toEqual([5000]);
  wire.due[0]?.task();
  expect(wire.closings).toMatchObject([{ code: 'unreachable' }]);
});
