/** A lane in training beside one that sells: practice gets the same answers and leaves nothing that looks like a sale. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gatewayStatusSchema } from '../../src/health/status-schema.ts';
import { counterfoil } from '../harness/command.ts';
import { Gateway, STORE } from '../harness/gateway.ts';
import { publish, readReceipts } from '../harness/mosquitto.ts';
import { missing } from '../harness/programs.ts';
import { aRecord, wire } from '../harness/records.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { Scene } from '../harness/scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const training = (gateway: Gateway, ...args: string[]) =>
  counterfoil('lane', 'training', '--data-dir', gateway.dataDir, ...args);
const topic = `pos/${STORE}/trainee/training`;
const practise = (gateway: Gateway, message: string) => publish(gateway, 'trainee', message, { topic });

describe.skipIf(missing('mosquitto_pub', 'mosquitto_sub'))('training', () => {
  test('a lane that is not in training is refused, and the log says what to do', async () => {
    const gateway = await Gateway.start(scene);
    expect(await practise(gateway, wire(aRecord()))).toMatchObject({ acknowledged: false });
    const line = await gateway.logged(({ reason }) => /not in training/.test(String(reason)), 'a refusal');
    expect(line).toMatchObject({
      level: 'warn',
      lane: 'trainee',
      reason: expect.stringContaining('counterfoil lane training'),
    });
    expect(await training(gateway)).toMatchObject({ code: 0, output: 'no lane is in training' });
  });

  test('practice records get receipts of their own, and are in no stream, figure or archive', async () => {
    const pms = await PmsProcess.start(scene);
    const gateway = await Gateway.start(scene, { pmsUrl: pms.url });
    const receipts = await readReceipts(scene, gateway, 'trainee');
    const started = await training(gateway, '--lane', 'trainee', '--hours', '2');
    expect(started).toMatchObject({ code: 0, output: expect.stringMatching(/^trainee is in training until 2\d{3}-/) });

    const practice = aRecord({ schedule: 'II' });
    expect(await practise(gateway, wire(practice))).toMatchObject({ acknowledged: true });
    await practise(gateway, wire(practice));
    await practise(gateway, wire({ ...practice, quantity: 99 }));
    await practise(gateway, 'no json');
    const seen = await receipts.matching(({ training: marked }) => marked === true, 4, 'practice receipts');
    expect(seen.map(({ status }) => status)).toEqual(['accepted', 'duplicate', 'conflict', 'refused']);
    expect(seen[0]).toMatchObject({ state: 'PENDING', sequence_id: expect.stringMatching(/-training-0{11}\d$/) });

    // The same key as a sale: nothing knows it yet.
    await publish(gateway, 'trainee', wire(practice));
    const synced = await receipts.withStatus(practice.idempotency_key, 'synced');
    expect(synced).toMatchObject({ sequence: 1 });
    expect(synced.training).toBeUndefined();
    expect(gateway.storedRecords).toBe(1);
    expect(pms.query('SELECT idempotency_key AS key FROM records')).toEqual([{ key: practice.idempotency_key }]);
    const told = (body: Record<string, unknown>) => gatewayStatusSchema.parse(body).records?.accepted_total === 1;
    const status = gatewayStatusSchema.parse(await gateway.getOnce('/api/v1/status', told, 'one accepted record'));
    expect(status.records).toMatchObject({ last_sequence: 1, refused_open: 0, conflict_open: 0 });
    expect(status.lanes.list).toMatchObject([{ lane: 'trainee', publishes: 1 }]);
    expect(await counterfoil('review', 'list', '--data-dir', gateway.dataDir)).toMatchObject({
      output: 'nothing waits for a person',
    });
  });

  test('training outlives a restart and ends when IT ends it', async () => {
    const gateway = await Gateway.start(scene);
    await training(gateway, '--lane', 'trainee', '--hours', '8');
    await gateway.restart('SIGKILL');
    expect(await practise(gateway, wire(aRecord()))).toMatchObject({ acknowledged: true });
    const ended = await training(gateway, '--lane', 'trainee', '--off', '--json');
    expect(JSON.parse(ended.output)).toEqual({ lanes: [] });
    expect(await practise(gateway, wire(aRecord()))).toMatchObject({ acknowledged: false });
    expect(await publish(gateway, 'trainee', wire(aRecord()))).toMatchObject({ acknowledged: true });
  });
});
