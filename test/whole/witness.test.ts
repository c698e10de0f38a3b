/** Who has seen the trail: the real gateway between a till with its outbox and the reference PMS. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, systemTimers } from '../../src/base/clock.ts';
import { type CheckpointAnswer, checkpointSchema } from '../../src/health/checkpoint.ts';
import { type GatewayStatus, gatewayStatusSchema } from '../../src/health/status-schema.ts';
import { LaneClient } from '../../src/lane/client.ts';
import { testify } from '../../src/lane/testimony.ts';
import { verifyCosignature } from '../../src/tlog/cosignature.ts';
import { parseNote } from '../../src/tlog/note.ts';
import { parseVerifierKey } from '../../src/tlog/verifier-key.ts';
import { counterfoil } from '../harness/command.ts';
import { Gateway, type GatewayOptions, STORE } from '../harness/gateway.ts';
import { ReceiptLog } from '../harness/receipts.ts';
import { aRecord } from '../harness/records.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { Scene } from '../harness/scene.ts';

const QUICK = join(import.meta.dirname, '../harness/quick-checkpoints.ts');
const SHORT = join(import.meta.dirname, '../harness/short-limits.ts');

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const startGateway = (options: GatewayOptions) => Gateway.start(scene, { ...options, preload: [QUICK, SHORT] });

/** A till that keeps its outbox over lives of the gateway. */
class Till {
  readonly #outbox: string;
  #client: LaneClient | null = null;
  #receipts = new ReceiptLog();

  constructor() {
    this.#outbox = join(scene.folder(), 'outbox.db');
    scene.onClose(() => this.leave());
  }

  async meet({ mqtt }: Gateway): Promise<void> {
    await this.leave();
    const client = new LaneClient({
      url: `mqtt://${mqtt.host}:${mqtt.port}`,
      store: STORE,
      lane: 'till',
      outboxPath: this.#outbox,
      clock: systemClock,
      timers: systemTimers,
      random: Math.random,
    });
    const receipts = new ReceiptLog();
    client.on('receipt', ({ receipt }) => receipts.take(receipt));
    this.#receipts = receipts;
    this.#client = client;
    client.start();
  }

  /** Sells one record; resolves with its receipt of this status. */
  async sell(status: 'accepted' | 'synced' = 'synced') {
    const record = aRecord();
    this.#client?.publish(record);
    return await this.#receipts.withStatus(record.idempotency_key, status);
  }

  async leave(): Promise<void> {
    await this.#client?.stop();
    this.#client = null;
  }

  /** What it holds, as the inspector takes it; the till must have left. */
  testimony(): string {
    const lines: string[] = [];
    testify(this.#outbox, (line) => lines.push(line));
    return lines.join('');
  }
}

type AuditTrail = CheckpointAnswer['trails'][number];

/** The audit trail's place in `/api/v1/checkpoint` once it is as wanted. */
async function auditOnce(gateway: Gateway, wanted: (trail: AuditTrail) => boolean, what: string): Promise<AuditTrail> {
  const trailOf = (body: unknown) => {
    const [audit] = checkpointSchema.parse(body).trails;
    if (audit === undefined) throw new Error('the trail is not open');
    return audit;
  };
  return trailOf(await gateway.getOnce('/api/v1/checkpoint', (body) => wanted(trailOf(body)), what));
}

async function statusOnce(gateway: Gateway, wanted: (trail: GatewayStatus['trail']) => boolean, what: string) {
  const read = (body: unknown) => gatewayStatusSchema.parse(body);
  return read(await gateway.getOnce('/api/v1/status', (body) => wanted(read(body).trail), what));
}

const alarmIs = (alarm: string | null) => (trail: GatewayStatus['trail']) => trail?.logs[0]?.witness_alarm === alarm;
const hasTrouble = (code: string) => (trail: GatewayStatus['trail']) =>
  trail?.troubles.some((trouble) => trouble.code === code) ?? false;

async function entriesOf(gateway: Gateway): Promise<number> {
  const { trail } = await statusOnce(gateway, () => true, 'a status');
  return trail?.logs[0]?.entries ?? 0;
}

/** Sells until the PMS has cosigned more than `above`; a checkpoint rides with the sale after it. */
async function sellUntilCosigned(gateway: Gateway, till: Till, above = 0): Promise<AuditTrail> {
  for (let sale = 0; sale < 500; sale += 1) {
    await till.sell();
    const { body } = await gateway.get('/api/v1/checkpoint');
    const [audit] = checkpointSchema.parse(body).trails;
    if (audit !== undefined && audit.cosigned_size > above) return audit;
  }
  throw new Error('five hundred sales, and it was not cosigned');
}

/** Bodies of the entries of a kind in the audit trail's segments. The gateway must have ended. */
function entriesIn(dataDir: string, kind: string): Record<string, unknown>[] {
  const folder = join(dataDir, 'trail/audit');
  const lines = readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .toSorted()
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
  return lines.flatMap((line) => {
    if (!line.includes(`"k":"${kind}"`)) return [];
    return [(JSON.parse(line.slice(0, line.indexOf('\t'))) as { r: Record<string, unknown> }).r];
  });
}

test('the PMS cosigns, the trail keeps it over a restart, and the till holds what the inspector wants to see', async () => {
  const pms = await PmsProcess.start(scene);
  const gateway = await startGateway({ pmsUrl: pms.url });
  const till = new Till();
  await till.meet(gateway);
  await sellUntilCosigned(gateway, till);
  const first = await auditOnce(gateway, ({ cosigned }) => cosigned !== null, 'a cosignature');
  const key = parseVerifierKey(pms.witnessKey);
  const note = parseNote(first.cosigned?.checkpoint ?? '');
  if (!key.ok || !note.ok) throw new Error('no key or no note');
  expect(verifyCosignature(first.cosigned?.cosignature ?? '', note.note.text, key.key)).toMatchObject({ ok: true });
  await gateway.restart();
  await till.meet(gateway);
  expect((await auditOnce(gateway, () => true, 'the answer')).cosigned_size).toBeGreaterThanOrEqual(
    first.cosigned_size,
  );
  const later = await sellUntilCosigned(gateway, till, first.cosigned_size);
  expect((await till.sell()).trail?.checkpoint).toMatch(/^gw-0042\/[0-9a-f]{8}\/audit\n\d+\n/);
  const answer = (await gateway.get('/api/v1/checkpoint')).body;
  await gateway.stop();
  await till.leave();
  expect(entriesIn(gateway.dataDir, 'witness_key')).toEqual([{ how: 'first_seen', key: pms.witnessKey }]);
  expect(entriesIn(gateway.dataDir, 'cosigned').map(({ size }) => size)).toContain(later.cosigned_size);
  const echoes = entriesIn(gateway.dataDir, 'lane_witness').map(({ lane, log, verdict }) => [lane, log, verdict]);
  expect(echoes.length).toBeGreaterThan(0);
  expect(echoes).toEqual(echoes.map(() => ['till', 'audit', 'consistent']));
  const [tillFile, pmsFile, keyFile] = ['till.jsonl', 'pms.json', 'pms.vkey'].map((name) => join(gateway.folder, name));
  writeFileSync(tillFile ?? '', till.testimony());
  writeFileSync(pmsFile ?? '', JSON.stringify(answer));
  writeFileSync(keyFile ?? '', pms.witnessKey);
  const witnesses = [tillFile, pmsFile, keyFile].flatMap((file) => ['--witness', file ?? '']);
  const folder = join(gateway.dataDir, 'trail');
  const verified = await counterfoil('trail', 'verify', folder, ...witnesses);
  expect(verified, verified.output).toMatchObject({ code: 0 });
});

test('an old disk that is put back is found by the till and by the PMS, and sales go on', async () => {
  const pms = await PmsProcess.start(scene);
  const gateway = await startGateway({ pmsUrl: pms.url });
  const till = new Till();
  await till.meet(gateway);
  await sellUntilCosigned(gateway, till);
  await gateway.stop();
  const copy = scene.folder();
  cpSync(gateway.dataDir, join(copy, 'data'), { recursive: true });
  await gateway.start();
  await till.meet(gateway);
  // So much more is seen that the start of the old disk does not reach it.
  const { cosigned_size: old } = await auditOnce(gateway, () => true, 'the answer');
  const { cosigned_size: seen } = await sellUntilCosigned(gateway, till, old + 150);
  await gateway.stop();
  rmSync(gateway.dataDir, { recursive: true });
  cpSync(join(copy, 'data'), gateway.dataDir, { recursive: true });
  await gateway.start();
  await till.meet(gateway);
  expect(await till.sell('accepted')).toMatchObject({ status: 'accepted' });
  await statusOnce(gateway, hasTrouble('tail_lost'), 'the trouble tail_lost');
  await statusOnce(gateway, alarmIs('witness_inconsistent'), 'the alarm of the PMS');
  const health = await gateway.get('/health');
  expect(health.status).toBe(503);
  expect(JSON.stringify(health.body)).toContain('trail:trouble');
  expect((await gateway.get('/readyz')).status).toBe(200);
  // It grows over what was seen, and is another history then.
  for (let entries = 0; entries <= seen; entries = await entriesOf(gateway)) await till.sell('accepted');
  await statusOnce(gateway, hasTrouble('fork'), 'the trouble fork');
  await gateway.stop();
  const losses = entriesIn(gateway.dataDir, 'tail_lost').map(({ by }) => by);
  expect(losses.toSorted()).toEqual(expect.arrayContaining(['lane', 'pms']));
  expect(entriesIn(gateway.dataDir, 'lane_witness')).toContainEqual(
    expect.objectContaining({ lane: 'till', verdict: 'ahead' }),
  );
});

describe('a PMS that is a bad witness, or none, has its records all the same', () => {
  test('a cosignature that is not true is found', async () => {
    const pms = await PmsProcess.start(scene, { faults: ['wrong_cosignature'] });
    const gateway = await startGateway({ pmsUrl: pms.url });
    const till = new Till();
    await till.meet(gateway);
    await auditOnce(gateway, ({ checkpoint }) => checkpoint !== null, 'a checkpoint');
    await till.sell();
    const status = await statusOnce(gateway, alarmIs('witness_untrue'), 'the alarm');
    expect(status.health.status).toBe('warn');
    await till.sell();
    await gateway.stop();
    expect(entriesIn(gateway.dataDir, 'cosigned')).toEqual([]);
    expect(entriesIn(gateway.dataDir, 'sync_alarm')).toContainEqual({
      stream: 'standard',
      alarm: 'witness_untrue',
      active: true,
    });
  });

  test('one that knows nothing of it is no trouble', async () => {
    const pms = await PmsProcess.start(scene, { faults: ['no_cosignature'] });
    const gateway = await startGateway({ pmsUrl: pms.url });
    const till = new Till();
    await till.meet(gateway);
    await auditOnce(gateway, ({ checkpoint }) => checkpoint !== null, 'a checkpoint');
    for (let sale = 0; sale < 3; sale += 1) await till.sell();
    const { trail } = await statusOnce(gateway, () => true, 'a status');
    expect(trail).toMatchObject({ witness_key: null, troubles: [] });
    expect(trail?.logs[0]).toMatchObject({ cosigned_size: 0, witness_alarm: null });
  });

  test('new books with a new key: found, and mended by the key in the configuration', async () => {
    const before = await PmsProcess.start(scene);
    const gateway = await startGateway({ pmsUrl: before.url });
    const till = new Till();
    await till.meet(gateway);
    const { cosigned_size: size } = await sellUntilCosigned(gateway, till);
    await before.stop();
    const pms = await PmsProcess.start(scene, { url: before.url });
    await auditOnce(gateway, (trail) => (trail.size ?? 0) > size, 'a newer checkpoint');
    await till.sell();
    await statusOnce(gateway, alarmIs('witness_untrue'), 'the alarm');
    await gateway.stop();
    const mended = await startGateway({
      folder: gateway.folder,
      pmsUrl: pms.url,
      config: { pms: { witness_key: pms.witnessKey } },
    });
    await till.meet(mended);
    await sellUntilCosigned(mended, till, size);
    await statusOnce(mended, alarmIs(null), 'no alarm');
    await mended.stop();
    expect(entriesIn(mended.dataDir, 'witness_key')).toEqual([
      { how: 'first_seen', key: before.witnessKey },
      { how: 'configured', key: pms.witnessKey },
    ]);
  });
});
