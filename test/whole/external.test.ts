/**
 * A shop's own broker in place of the gateway's: real RabbitMQ with a quorum queue, real Mosquitto, an active gateway and a
 * standby with the same client id. The active one dies under load; what the broker had acknowledged to a lane must be at the
 * PMS, once.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Receipt } from '../../src/record/lane-wire.ts';
import { type Broker, startMosquitto, startRabbitMq } from '../harness/brokers.ts';
import { laneHashOf } from '../harness/checker/canonical.ts';
import { checkBuffer } from '../harness/checker/check.ts';
import type { Expectation } from '../harness/checker/expectation.ts';
import { checkStore } from '../harness/checker/store.ts';
import { COUNTERFOIL, Gateway, ROOT } from '../harness/gateway.ts';
import { connect, disconnect, publish, TYPE } from '../harness/mqtt-wire.ts';
import { PahoLane } from '../harness/paho.ts';
import { Program } from '../harness/program.ts';
import { missing } from '../harness/programs.ts';
import { RawLane } from '../harness/raw-lane.ts';
import { aRecord, type SentRecord, wire } from '../harness/records.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { Scene } from '../harness/scene.ts';

const LANES = ['one', 'two', 'three'];
const RECORDS_PER_LANE = 200;
/** Publishes a till has on their way. */
const WINDOW = 20;
/** Receipts at each till after which the active gateway dies, and records each has published by then at most. */
const KILLED_AT = 40;
const BEFORE_KILL = 120;
const TAKEOVER_SECONDS = 3;

/** The status another gateway of this store would tell. */
const WORD = JSON.stringify({
  gateway_id: 'gw-0042',
  epoch: 'ffffffff',
  mode: 'NORMAL',
  link: 'ONLINE',
  storage: 'CLOSED',
  checkpoint: null,
  gateway_time_utc: '2026-11-22T09:00:00.000Z',
  clock: 'unknown',
  since: '2026-11-22T09:00:00.000Z',
});

interface Till {
  readonly lane: PahoLane;
  readonly records: readonly SentRecord[];
}

/** What `doctor` finds first at every broker. */
const ENTRANCE = [
  { check: 'connection', status: 'ok' },
  { check: 'rights', status: 'ok', seen: 'may read pos/0042/+/records with QoS 1' },
  { check: 'rights', status: 'ok', seen: 'may read pos/0042/status with QoS 1' },
];
const BROKERS = [
  {
    name: 'RabbitMQ',
    peer: 'rabbitmq-server',
    start: (scene: Scene) => startRabbitMq(scene),
    foundBy: [
      ...ENTRANCE,
      { check: 'product', status: 'unknown' },
      { check: 'session', status: 'ok' },
      { check: 'queued', status: 'ok' },
      { check: 'window', status: 'ok', seen: 'at least 64 on their way without a PUBACK' },
      { check: 'queue', status: 'ok', seen: 'a durable quorum queue' },
      { check: 'queue', status: 'ok', seen: expect.stringContaining('after 49 days') },
    ],
  },
  {
    name: 'Mosquitto',
    peer: 'mosquitto',
    start: (scene: Scene) => startMosquitto(scene),
    foundBy: [
      ...ENTRANCE,
      { check: 'product', status: 'warn', seen: expect.stringContaining('mosquitto version 2') },
      { check: 'session', status: 'ok' },
      { check: 'queued', status: 'ok' },
      { check: 'window', status: 'warn', seen: '20 on their way without a PUBACK' },
    ],
  },
];

// The two brokers side by side: both mostly wait. At one broker one test at a time, for there is one store.
describe.concurrent.each(BROKERS)('$name', ({ foundBy, peer, start }) => {
  const skip = missing('python3 with paho', peer);
  describe('as the source of records', { concurrent: false, skip }, () => {
    const house = new Scene();
    let broker: Broker;
    let scene: Scene;
    let clientId = 0;
    beforeAll(async () => {
      broker = await start(house);
    });
    afterAll(() => house.close());
    beforeEach(() => {
      scene = new Scene();
      clientId += 1;
    });
    afterEach(() => scene.close());

    async function gateway(pms: PmsProcess, more: object = {}): Promise<Gateway> {
      const folder = scene.folder();
      writeFileSync(join(folder, 'password'), broker.user.password, { mode: 0o600 });
      const external = {
        url: broker.url,
        client_id: `test-${clientId}`,
        username: broker.user.username,
        password_file: './password',
        takeover_seconds: TAKEOVER_SECONDS,
        ...more,
      };
      return await Gateway.start(scene, {
        folder,
        pmsUrl: pms.url,
        config: { intake: { source: 'external', external } },
      });
    }

    const consumes = (one: Gateway) => one.logged(({ msg }) => msg === 'consuming from the broker', 'consuming');
    const standsBy = (one: Gateway) =>
      one.logged(({ msg }) => msg === 'another gateway consumes; standing by', 'standing by');

    async function tills(any: Gateway): Promise<Till[]> {
      return await Promise.all(
        LANES.map(async (name) => ({
          lane: await PahoLane.ready(scene, any, name),
          records: Array.from({ length: RECORDS_PER_LANE }, (_, at) =>
            aRecord({ schedule: at % 4 === 0 ? 'II' : 'NONE' }),
          ),
        })),
      );
    }

    /** Publishes everything, `WINDOW` at a time; every PUBACK must come, whatever happens to gateways. */
    async function sellAll({ lane, records }: Till, killed: Promise<void>): Promise<void> {
      const numbers: number[] = [];
      for (const [at, record] of records.entries()) {
        // However slow this machine is, something is left for the standby.
        if (at === BEFORE_KILL) await killed;
        numbers.push(lane.publish(wire(record)));
        const oldest = numbers[at - WINDOW];
        if (oldest !== undefined) expect(await lane.acknowledged(oldest)).toBe(true);
      }
      for (const number of numbers.slice(-WINDOW)) expect(await lane.acknowledged(number)).toBe(true);
    }

    /** Sells at all tills and kills the active gateway in the middle; resolves when every record is acknowledged. */
    async function killUnderLoad(active: Gateway, all: readonly Till[]): Promise<void> {
      const killed = Promise.withResolvers<void>();
      const selling = Promise.all(all.map((till) => sellAll(till, killed.promise)));
      await Promise.all(
        all.map(({ lane }) => lane.receipts.matching(({ status }) => status === 'accepted', KILLED_AT, 'accepted')),
      );
      await active.kill();
      killed.resolve();
      await selling;
    }

    const receiptsOf = (all: readonly Till[]): Receipt[] => all.flatMap(({ lane }) => lane.receipts.all);

    /** What is known of one gateway's buffer: everything may be in it, nothing has to be but what its receipts say. */
    function expectationOf(all: readonly Till[], epoch: string | null): Expectation {
      const published = new Set(all.flatMap(({ records }) => records.map(laneHashOf)));
      const told = receiptsOf(all).filter((receipt) => receipt.epoch === epoch && receipt.lane_hash !== null);
      const of = (wanted: (receipt: Receipt) => boolean) => told.filter(wanted).map(({ lane_hash }) => lane_hash ?? '');
      return {
        published,
        acknowledged: epoch === null ? published : new Set(of(({ status }) => status === 'accepted')),
        sequences: new Map(told.map(({ lane_hash, sequence }) => [lane_hash ?? '', sequence ?? 0])),
        synced: new Set(of(({ state }) => state === 'SYNCED')),
      };
    }

    async function epochOf(one: Gateway): Promise<string> {
      const { body } = await one.get('/api/v1/status');
      return (body.records as { epoch: string }).epoch;
    }

    test('records, refusals and duplicates are answered through the broker', async () => {
      const pms = await PmsProcess.start(scene);
      const one = await gateway(pms);
      await consumes(one);
      const lane = await PahoLane.ready(scene, one, 'till');
      const record = aRecord({ schedule: 'II' });
      lane.publish(wire(record));
      await lane.receipts.withStatus(record.idempotency_key, 'accepted');
      await lane.receipts.withStatus(record.idempotency_key, 'synced');
      lane.publish(wire(record));
      expect(await lane.receipts.withStatus(record.idempotency_key, 'duplicate')).toMatchObject({ state: 'SYNCED' });
      lane.publish('no record');
      const [refused] = await lane.receipts.matching(({ status }) => status === 'refused', 1, 'refusal');
      expect(refused?.reasons).toMatchObject([{ code: 'not_json' }]);
      expect(await lane.subscribe(`pos/0042/status`)).toBe(1);
      await lane.event((event) => event.on === 'message' && event.topic === 'pos/0042/status', 'the retained status');
      const { body } = await one.get('/api/v1/status');
      expect(body.lanes).toMatchObject({
        external: { standing: 'consuming', unacknowledged: 0, identity: 'broker_acl' },
      });
      expect((await one.get('/readyz')).status).toBe(200);
    });

    test('a session survives its gateway: what came meanwhile is delivered after the restart', async () => {
      const pms = await PmsProcess.start(scene);
      const one = await gateway(pms);
      await consumes(one);
      const lane = await PahoLane.ready(scene, one, 'till');
      await one.kill();
      const records = Array.from({ length: 50 }, () => aRecord());
      for (const number of records.map((record) => lane.publish(wire(record))))
        expect(await lane.acknowledged(number)).toBe(true);
      await one.start();
      for (const record of records) await lane.receipts.withStatus(record.idempotency_key, 'synced');
      const sequences = records.map(
        ({ idempotency_key: key }) =>
          lane.receipts.all.find((receipt) => receipt.idempotency_key === key)?.sequence ?? Number.NaN,
      );
      expect(sequences).toEqual(records.map((_, at) => at + 1));
    });

    test('doctor measures what the broker keeps and how much it delivers at once', async () => {
      const pms = await PmsProcess.start(scene);
      const one = await gateway(pms);
      await consumes(one);
      const management =
        broker.managementUrl === undefined
          ? []
          : ['--management-url', broker.managementUrl, '--management-user', broker.user.username];
      const args = [
        'doctor',
        '--only',
        'broker',
        '--json',
        '--config',
        join(one.folder, 'gateway.yaml'),
        ...management,
      ];
      const secret = ['--management-password-file', join(one.folder, 'password')];
      const doctor = Program.start(process.execPath, [COUNTERFOIL, ...args, ...secret], { cwd: ROOT });
      expect(await doctor.ended()).toEqual({ code: 0, signal: null });
      const { findings } = JSON.parse(doctor.lines.join('')) as { findings: { check: string; status: string }[] };
      expect(findings).toMatchObject(foundBy);
      // Its own sessions and messages are no affair of the gateway's.
      expect((await one.get('/api/v1/status')).body.records).toMatchObject({ last_sequence: 0, refused_open: 0 });
    });

    test('after_commit: the active gateway dies and comes back, nobody sends again, nothing is missing', async () => {
      const pms = await PmsProcess.start(scene, { faults: ['slow=100'] });
      const active = await gateway(pms, { role: 'active' });
      await consumes(active);
      const standby = await gateway(pms, { role: 'standby' });
      await standsBy(standby);
      const [first, second] = [await epochOf(active), await epochOf(standby)];
      const all = await tills(standby);
      await killUnderLoad(active, all);
      await consumes(standby);
      await active.start();
      const total = LANES.length * RECORDS_PER_LANE;
      expect(await pms.holds(total)).toBe(total);
      expect(pms.query('SELECT DISTINCT epoch FROM records')).toHaveLength(2);
      expect(checkStore(pms.db, [active.dataDir, standby.dataDir], expectationOf(all, null))).toEqual([]);
      await Promise.all([active.stop(), standby.stop()]);
      expect(checkBuffer(active.dataDir, expectationOf(all, first))).toEqual([]);
      expect(checkBuffer(standby.dataDir, expectationOf(all, second))).toEqual([]);
    });

    test('after_sync: the active gateway and its disk are lost, nobody sends again, nothing is missing', async () => {
      const pms = await PmsProcess.start(scene, { faults: ['slow=100'] });
      const active = await gateway(pms, { role: 'active', acknowledge: 'after_sync' });
      await consumes(active);
      const standby = await gateway(pms, { role: 'standby', acknowledge: 'after_sync' });
      await standsBy(standby);
      const epoch = await epochOf(standby);
      const all = await tills(standby);
      await killUnderLoad(active, all);
      rmSync(active.dataDir, { recursive: true });
      await consumes(standby);
      const total = LANES.length * RECORDS_PER_LANE;
      expect(await pms.holds(total)).toBe(total);
      expect(checkStore(pms.db, [standby.dataDir], expectationOf(all, null))).toEqual([]);
      for (const { lane, records } of all) {
        const place = new Map(records.map((record, at) => [record.idempotency_key, at]));
        const taken = lane.receipts.all
          .filter((receipt) => receipt.status === 'accepted' && receipt.epoch === epoch)
          .sort((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0))
          .map((receipt) => place.get(receipt.idempotency_key ?? ''));
        expect(taken).toEqual(taken.toSorted((a, b) => (a ?? 0) - (b ?? 0)));
      }
      // Both gateways have had their part, or this was no take-over.
      expect(pms.query('SELECT DISTINCT epoch FROM records')).toHaveLength(2);
      const { body } = await standby.get('/health');
      expect(body.checks).toMatchObject({ 'intake:external': [{ observedValue: 'consuming', status: 'warn' }] });
      await standby.stop();
      expect(checkBuffer(standby.dataDir, expectationOf(all, epoch))).toEqual([]);
    });

    test('a gateway that is thrown out and hears another stands by, and silence brings it back', async () => {
      const pms = await PmsProcess.start(scene);
      const one = await gateway(pms);
      await consumes(one);
      // The other one is this test: it speaks for the store, takes the client id, and speaks again.
      const other = await RawLane.open(scene, one);
      other.send(connect({ clientId: `other-${clientId}` }));
      await other.next(TYPE.connack);
      other.send(publish({ topic: 'pos/0042/status', payload: WORD, qos: 1, id: 1 }));
      expect(await other.acknowledged(1)).toBe(true);
      const usurper = await RawLane.open(scene, one);
      usurper.send(connect({ clientId: `test-${clientId}`, cleanSession: false }));
      await usurper.next(TYPE.connack);
      other.send(publish({ topic: 'pos/0042/status', payload: WORD, qos: 1, id: 2 }));
      await one.logged(({ msg }) => msg.startsWith('another gateway has taken over'), 'the take-over');
      const { body } = await one.get('/api/v1/status');
      expect(body.lanes).toMatchObject({ external: { take_overs_total: 1 } });
      usurper.send(disconnect());
      await usurper.hungUp();
      await one.logged(() => one.log.filter(({ msg }) => msg === 'consuming from the broker').length === 2, 'its turn');
    });
  });
});
