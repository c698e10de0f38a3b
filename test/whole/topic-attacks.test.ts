/** A lane with a good certificate that goes for what is not its own: topics, wills, retained messages, client ids, records. */
import { randomUUID } from 'node:crypto';
import { connect as openTcp } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Besieged, topicOf } from '../harness/besieged.ts';
import type { Identity } from '../harness/lane-authority.ts';
import { acknowledgement, connect, publish, subscribe, TYPE } from '../harness/mqtt-wire.ts';
import type { RawLane } from '../harness/raw-lane.ts';
import { aRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';
import { hasOpenssl } from '../harness/self-signed.ts';
import { entriesOf } from '../harness/trail-entries.ts';

/** SUBACK (MQTT 3.1.1, section 3.9.3): the filter is refused. */
const REFUSED = 0x80;
const WILL = { topic: topicOf('honest'), payload: wire(aRecord()) };

describe.skipIf(!hasOpenssl())('a lane with a good certificate', () => {
  const scene = new Scene();
  let besieged: Besieged;
  let own: Identity;
  let stored: number;
  beforeAll(async () => {
    besieged = await Besieged.start(scene);
    own = besieged.shop.identity('lane-1');
  });
  afterAll(() => scene.close());
  afterEach(() => besieged.isUnharmed());

  /** Its connection, let in; nothing is subscribed. */
  const letIn = async (): Promise<RawLane> => {
    const lane = await besieged.secured(own);
    expect(await lane.connackFor(connect({ clientId: randomUUID() }))).toBe(0);
    stored = besieged.gateway.storedRecords;
    return lane;
  };
  /** The connection is ended without a PUBACK, and nothing was stored. */
  const isThrownOut = async (lane: RawLane) => {
    await lane.hungUp();
    expect(lane.received.filter(({ type }) => type === TYPE.puback)).toEqual([]);
    expect(besieged.gateway.storedRecords).toBe(stored);
  };

  test.each([
    topicOf('honest'),
    topicOf('+'),
    topicOf('#'),
    'pos/0042/#',
    '#',
    '+/+/+/+',
    '$SYS/broker/connection/lane-1/state',
    '$share/group/pos/0042/lane-1/records',
    topicOf('lane-1', 'receipts'),
    topicOf('honest', 'receipts'),
    topicOf('lane-1', 'training'),
    topicOf('lane-1', 'records/records'),
    topicOf('lane-1/../honest'),
    topicOf('LANE-1'),
    'pos/0042/status',
    'pos/0099/lane-1/records',
    '/pos/0042/lane-1/records',
    '',
    'pos/0042/lane-1/records\u0000',
    'pos/0042/lane-1\n{"level":"info","msg":"forged"}/records',
    'x/'.repeat(200),
  ])('that publishes to %j is thrown out, and nothing of it is stored', async (topic) => {
    const lane = await letIn();
    lane.send(publish({ topic, payload: wire(aRecord()), id: 1 }));
    await isThrownOut(lane);
    expect(besieged.gateway.output).not.toContain('forged');
  });

  test.each([
    '#',
    '+/#',
    'pos/#',
    'pos/0042/+/receipts',
    topicOf('honest', 'receipts'),
    topicOf('+', 'records'),
    topicOf('lane-1'),
    topicOf('honest'),
    '$SYS/#',
    '$share/group/pos/0042/honest/receipts',
    'pos/0099/status',
  ])('that subscribes to %j is refused, and hears nothing of what the honest lane sells', async (filter) => {
    const lane = await letIn();
    lane.send(subscribe(filter, 7));
    const suback = await lane.next(TYPE.suback);
    // A filter that is none (MQTT 3.1.1, section 4.7.1) ends the connection instead.
    expect(suback?.body[2] ?? REFUSED).toBe(REFUSED);
    await besieged.sells();
    expect(lane.received.filter(({ type }) => type === TYPE.publish)).toEqual([]);
  });

  test.each([
    ['a will on another lane’s topic', () => connect({ clientId: 'w', will: WILL })],
    ['a will on its own topic', () => connect({ clientId: 'w', will: { ...WILL, topic: topicOf('lane-1') } })],
    ['a will that is retained', () => withFlags(connect({ clientId: 'w', will: WILL }), 0x20)],
    [
      'a will on the status of the store',
      () => connect({ clientId: 'w', will: { ...WILL, topic: 'pos/0042/status' } }),
    ],
  ])('with %s does not get in, and the will is nobody’s record', async (_, hello) => {
    const lane = await besieged.secured(own);
    stored = besieged.gateway.storedRecords;
    expect(await lane.connackFor(hello())).not.toBe(0);
    lane.leave();
    expect(besieged.gateway.storedRecords).toBe(stored);
  });

  test('cannot leave a message for those who come later: retained, for the status, or as QoS 2', async () => {
    for (const packet of [
      publish({ topic: topicOf('lane-1'), payload: wire(aRecord()), id: 1, retain: true }),
      publish({ topic: topicOf('lane-1'), payload: '', id: 1, retain: true }),
      publish({ topic: 'pos/0042/status', payload: '{}', id: 1, retain: true }),
      publish({ topic: topicOf('lane-1'), payload: wire(aRecord()), id: 1, qos: 2 }),
    ]) {
      const lane = await letIn();
      lane.send(packet);
      await isThrownOut(lane);
    }
    const late = await letIn();
    late.send(subscribe('pos/0042/status', 1, 0));
    const status = await late.next(TYPE.publish);
    expect(JSON.parse(status?.body.subarray(2 + 'pos/0042/status'.length).toString() ?? '')).toHaveProperty('epoch');
  });

  test('has no session that outlives its connection', async () => {
    for (let time = 0; time < 2; time++) {
      const lane = await besieged.secured(own);
      lane.send(connect({ clientId: 'for-ever', cleanSession: false }));
      const connack = await lane.next(TYPE.connack);
      expect([...(connack?.body ?? [])]).toEqual([0, 0]);
      lane.send(subscribe(topicOf('lane-1', 'receipts'), 1));
      expect((await lane.next(TYPE.suback))?.body[2]).toBe(1);
      lane.leave();
    }
  });

  test('cannot take over another lane’s connection by its client id, however it is written; nor can who has nothing', async () => {
    const victim = await besieged.secured(besieged.shop.identity('lane-2'));
    expect(await victim.connackFor(connect({ clientId: 'till-2' }))).toBe(0);
    for (const clientId of ['till-2', 'lane-2/till-2', '/till-2', '../lane-2/till-2', 'lane-2']) {
      const thief = await besieged.secured(own);
      expect(await thief.connackFor(connect({ clientId, userName: 'lane-2' }))).toBe(0);
      const stranger = besieged.attacker(openTcp(besieged.gateway.mqtt));
      expect(await stranger.connackFor(connect({ clientId, userName: 'lane-2' }))).toBe(0);
    }
    victim.send(publish({ topic: topicOf('lane-2'), payload: wire(aRecord()), id: 9 }));
    expect(await victim.acknowledged(9)).toBe(true);
  });

  test('gets no more from log or trail by what it calls itself', async () => {
    const evil = 'x\n{"level":"info","msg":"forged"}\u001b[2J\r\n';
    const lane = await besieged.secured(own);
    await lane.connackFor(connect({ clientId: evil, userName: evil }));
    lane.send(publish({ topic: `pos/0042/${evil}/records`, payload: evil, id: 1 }));
    await lane.hungUp();
    const plain = besieged.attacker(openTcp(besieged.gateway.mqtt));
    await plain.connackFor(connect({ clientId: evil, userName: evil, will: { topic: evil, payload: evil } }));
    const { gateway } = besieged;
    for (const line of gateway.output.split('\n')) expect(() => JSON.parse(line)).not.toThrow();
    expect(gateway.output).not.toContain('forged');
    expect(gateway.output).not.toContain('\u001b');
    for (const kind of ['lane_known', 'lane_refused'])
      expect(JSON.stringify(entriesOf(gateway.bufferFile, kind))).not.toMatch(/forged|u001b/);
  });

  test('may not answer for the gateway: packets that only a server sends end the connection', async () => {
    for (const packet of [Buffer.from([0x20, 2, 0, 0]), Buffer.from([0x90, 3, 0, 1, 0]), Buffer.from([0xd0, 0])]) {
      const lane = await letIn();
      lane.send(packet);
      await isThrownOut(lane);
    }
    const lane = await letIn();
    // An acknowledgement of what was never sent is nothing; the lane goes on.
    lane.send(acknowledgement(0x40, 77), publish({ topic: topicOf('lane-1'), payload: wire(aRecord()), id: 2 }));
    expect(await lane.acknowledged(2)).toBe(true);
  });

  describe('with a record that is none', () => {
    const big = wire(aRecord({ filler: 'x'.repeat(200 * 1024) }));
    test.each([
      ['200 KiB', big, 'too_large'],
      ['arrays in arrays, 60,000 deep', '['.repeat(60_000), 'nested_too_deep'],
      ['objects in objects, 200 deep', `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`, 'nested_too_deep'],
      ['a member twice', '{"idempotency_key":"aaaaaaaa","idempotency_key":"bbbbbbbb"}', 'duplicate_member'],
      ['no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), 'not_utf8'],
      ['a schedule out of the prototype', withProto({ schedule: 'IV' }, 'schedule'), 'field_missing'],
    ])('%s: refused with the reason, and acknowledged', async (_, payload, code) => {
      const lane = await besieged.secured(own);
      await lane.enter('lane-1');
      lane.send(publish({ topic: topicOf('lane-1'), payload, id: 1 }));
      expect(await lane.acknowledged(1)).toBe(true);
      const receipt = (await lane.next(TYPE.publish))?.body.toString() ?? '';
      expect(receipt).toContain('"status":"refused"');
      expect(receipt).toContain(`"code":"${code}"`);
    });

    test('over 256 KiB: thrown out before it is taken in', async () => {
      const lane = await letIn();
      lane.send(publish({ topic: topicOf('lane-1'), payload: Buffer.alloc(300 * 1024, 0x20), id: 1 }));
      await isThrownOut(lane);
    });

    test('prototypes as members are members: kept as sent, and nothing else gets them', async () => {
      const lane = await besieged.secured(own);
      await lane.enter('lane-1');
      const record = wire(aRecord());
      const evil = record.replace(/\}$/, ',"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":1}}}');
      lane.send(publish({ topic: topicOf('lane-1'), payload: evil, id: 1 }));
      expect((await lane.next(TYPE.publish))?.body.toString()).toContain('"status":"accepted"');
      lane.received.length = 0;
      lane.send(publish({ topic: topicOf('lane-1'), payload: wire(aRecord()), id: 2 }));
      const next = (await lane.next(TYPE.publish))?.body.toString();
      expect(next).toContain('"status":"accepted"');
      const health = JSON.stringify((await besieged.gateway.get('/api/v1/status')).body);
      expect(`${next}${health}`).not.toContain('polluted');
    });
  });
});

/** Sets more of the connect flags (MQTT 3.1.1, section 3.1.2.3) of a CONNECT packet. */
function withFlags(packet: Buffer, flags: number): Buffer {
  const copy = Buffer.from(packet);
  const at = copy.indexOf('MQTT') + 5;
  copy[at] = (copy[at] ?? 0) | flags;
  return copy;
}

/** A record that has this member only by way of `__proto__`. */
function withProto(prototype: object, member: string): string {
  const { [member]: _left, ...record } = aRecord();
  return JSON.stringify(record).replace(/\}$/, `,"__proto__":${JSON.stringify(prototype)}}`);
}
