/** What the gateway does not take over MQTT, and that it says so where somebody will look. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Gateway, STORE } from '../harness/gateway.ts';
import { publish, subscribe } from '../harness/mosquitto.ts';
import {
  connect,
  packet,
  pingreq,
  publish as publishPacket,
  remainingLength,
  subscribe as subscribePacket,
  TYPE,
} from '../harness/mqtt-wire.ts';
import { PahoLane } from '../harness/paho.ts';
import { missing } from '../harness/programs.ts';
import { RawLane } from '../harness/raw-lane.ts';
import { aRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';

const records = (lane: string) => `pos/${STORE}/${lane}/records`;

describe('protocol', () => {
  const house = new Scene();
  let scene: Scene;
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await Gateway.start(house);
  });
  afterAll(() => house.close());
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  /** Number of records in the buffer, after one more has been taken: whatever came before it has been decided then. */
  const stored = async () => {
    const lane = await RawLane.ready(scene, gateway, 'counter');
    lane.send(publishPacket({ topic: records('counter'), payload: wire(aRecord()) }));
    expect(await lane.acknowledged(1)).toBe(true);
    return gateway.storedRecords;
  };
  /** Runs `act` and expects that it brought no record into the gateway (the counting itself adds one). */
  const storesNothing = async (act: () => Promise<void>) => {
    const before = await stored();
    await act();
    expect(await stored()).toBe(before + 1);
  };

  test('a retained publish is not stored and nothing is retained', async () => {
    await storesNothing(async () => {
      const lane = await RawLane.ready(scene, gateway, 'keeper');
      lane.send(publishPacket({ topic: records('keeper'), payload: wire(aRecord()), retain: true }));
      expect(await lane.acknowledged(1)).toBe(false);
    });
  });

  test('a connection with a will is refused', async () => {
    await storesNothing(async () => {
      const lane = await RawLane.open(scene, gateway);
      const will = { topic: records('willing'), payload: wire(aRecord()) };
      lane.send(connect({ clientId: 'willing-raw', userName: 'willing', will }));
      const connack = await lane.next(TYPE.connack);
      expect(connack?.body[1] ?? 5).not.toBe(0);
      await lane.hungUp();
    });
  });

  test.each([
    ['another lane', records('somebody-else')],
    ['another store', 'pos/9999/stranger/records'],
    ['the status', `pos/${STORE}/status`],
    ['its receipts', `pos/${STORE}/stranger/receipts`],
    ['anything', 'weather/today'],
    ['the broker itself', '$SYS/gateway/new/clients'],
  ])('a publish to the topic of %s is not acknowledged', async (_, topic) => {
    await storesNothing(async () => {
      const lane = await RawLane.ready(scene, gateway, 'stranger');
      lane.send(publishPacket({ topic, payload: wire(aRecord()) }), pingreq());
      // Hung up on, or left standing without an answer: the gateway may do either, but it must not acknowledge.
      await lane.next(TYPE.pingresp);
      expect(lane.received.filter(({ type }) => type === TYPE.puback)).toEqual([]);
    });
  });

  test.each([
    ["another lane's receipts", `pos/${STORE}/somebody-else/receipts`],
    ["every lane's receipts", `pos/${STORE}/+/receipts`],
    ['everything', '#'],
    ['the broker itself', '$SYS/#'],
    ['records', records('curious')],
  ])('a subscription to %s is refused', async (_, topic) => {
    const lane = await RawLane.ready(scene, gateway, 'curious');
    lane.send(subscribePacket(topic));
    const suback = await lane.next(TYPE.suback);
    expect(suback?.body[2] ?? 0x80).toBe(0x80);
  });

  test('an MQTT 5 client is told in the log what to change', async () => {
    const lane = await RawLane.open(scene, gateway);
    // CONNECT of MQTT 5: protocol level 5, clean start, keep-alive 30 s, no properties, client id "five".
    lane.send(
      packet(0x10, Buffer.from([0, 4]), Buffer.from('MQTT'), Buffer.from([5, 2, 0, 30, 0, 0, 4]), Buffer.from('five')),
    );
    await lane.hungUp();
    const line = await gateway.logged((each) => each.code === 'mqtt_5', 'a line about MQTT 5');
    expect(line).toMatchObject({ level: 'warn', reason: expect.stringMatching(/MQTT 5.*MQTT 3\.1\.1/) });
  });

  test('a packet larger than any record ends its connection before it is taken in', async () => {
    const lane = await RawLane.ready(scene, gateway, 'large');
    // The head of a PUBLISH of 200 MiB; the body never comes.
    lane.send(Buffer.concat([Buffer.from([0x32]), remainingLength(200 * 1024 * 1024), Buffer.alloc(64 * 1024)]));
    await lane.hungUp();
    const line = await gateway.logged((each) => each.code === 'too_large', 'a line about the size');
    expect(line).toMatchObject({ level: 'warn', reason: expect.stringContaining('64 KiB') });
    expect(await stored()).toBeGreaterThan(0);
  });

  test('a publish of up to 256 KiB is refused with a receipt, not with a closed connection', async () => {
    const lane = await RawLane.ready(scene, gateway, 'bulky');
    lane.send(publishPacket({ topic: records('bulky'), payload: wire(aRecord({ note: 'x'.repeat(255 * 1024) })) }));
    expect(await lane.acknowledged(1)).toBe(true);
  });

  describe.skipIf(missing('mosquitto_pub', 'mosquitto_sub'))('with Mosquitto', () => {
    test('the status is there for every lane at once, retained and without record data', async () => {
      const program = await subscribe(scene, gateway, 'reader', `pos/${STORE}/status`);
      const line = await program.line((text) => text.startsWith('MESSAGE 1 '), 'the retained status');
      const status: unknown = JSON.parse(line.slice(line.indexOf('{')));
      expect(status).toMatchObject({
        gateway_id: `gw-${STORE}`,
        epoch: expect.stringMatching(/^[0-9a-f]{8}$/),
        mode: expect.stringMatching(/^(NORMAL|FALLBACK|RECONCILING)$/),
        link: expect.stringMatching(/^(ONLINE|DEGRADED|OFFLINE)$/),
        storage: 'CLOSED',
      });
    });

    test('mosquitto_pub with a will does not get in', async () => {
      const will = ['--will-topic', records('last'), '--will-payload', 'x', '--will-qos', '1'];
      const { code, acknowledged } = await publish(gateway, 'last', wire(aRecord()), { args: will });
      expect({ code: code === 0, acknowledged }).toEqual({ code: false, acknowledged: false });
    });

    test('mosquitto_pub with MQTT 5 does not get in', async () => {
      const { code, acknowledged } = await publish(gateway, 'five', wire(aRecord()), { args: ['-V', 'mqttv5'] });
      expect({ code: code === 0, acknowledged }).toEqual({ code: false, acknowledged: false });
    });
  });

  describe.skipIf(missing('python3 with paho'))('with paho', () => {
    test('a lane with a will is refused, the same lane without is let in', async () => {
      const will = { topic: records('paho'), payload: wire(aRecord()) };
      expect(await PahoLane.start(scene, gateway, 'paho', { will, purpose: 'will' }).connected()).toBe(false);
      expect(await PahoLane.start(scene, gateway, 'paho').connected()).toBe(true);
    });

    test('MQTT 5 is refused', async () => {
      expect(await PahoLane.start(scene, gateway, 'pahofive', { version: 'v5' }).connected()).toBe(false);
    });
  });

  test('no record data in the log', () => {
    expect(gateway.output).not.toMatch(/RX-|0574-4072|idempotency_key/);
  });
});
