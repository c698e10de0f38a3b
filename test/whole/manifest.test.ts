/** An outage with Schedule II records, from the lost line to the signed manifest an inspector checks with the command. */
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { COUNTERFOIL, Gateway, ROOT } from '../harness/gateway.ts';
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

/** FALLBACK and back within seconds instead of minutes. */
const SOON = { fallback: { oldest_pending_seconds: 2, settled_seconds: 1, dwell_seconds: 0 } };

function manifest(gateway: Gateway, ...args: string[]): { out: string; status: number | null } {
  const all = [COUNTERFOIL, 'manifest', ...args, '--data-dir', gateway.dataDir];
  const { stdout, status } = spawnSync(process.execPath, all, { cwd: ROOT, encoding: 'utf8' });
  return { out: stdout, status };
}

const modes = (gateway: Gateway) => gateway.log.filter(({ msg }) => msg === 'the mode has changed').map(({ to }) => to);

describe.skipIf(missing('mosquitto_pub', 'mosquitto_sub'))('after an outage', () => {
  test('the Schedule II records of the run stand in a manifest that verifies, beside the running gateway', async () => {
    const first = await PmsProcess.start(scene);
    await first.stop();
    const gateway = await Gateway.start(scene, { pmsUrl: first.url, config: SOON });
    const receipts = await readReceipts(scene, gateway, 'till');
    const records = [aRecord({ schedule: 'II' }), aRecord({ schedule: 'IV' }), aRecord({ schedule: 'II' })];
    for (const record of records) await publish(gateway, 'till', wire(record));
    await gateway.logged(({ msg, to }) => msg === 'the mode has changed' && to === 'FALLBACK', 'FALLBACK');
    await PmsProcess.start(scene, { url: first.url, db: first.db });
    for (const record of records) await receipts.withStatus(record.idempotency_key, 'synced');
    await gateway.logged(({ msg }) => msg === 'manifest of a reconciliation run signed', 'the manifest');
    expect(modes(gateway).slice(0, 3)).toEqual(['FALLBACK', 'RECONCILING', 'NORMAL']);
    const [listed] = JSON.parse(manifest(gateway, 'list', '--json').out);
    expect(listed).toMatchObject({ run: 1, ended: 'drained', records: 2, unsigned: 2 });
    expect(manifest(gateway, 'verify')).toEqual({ out: 'run 1  holds\n', status: 0 });
    const { out } = manifest(gateway, 'show', '1');
    for (const record of records) {
      expect(out).not.toContain(record.idempotency_key);
      expect(out).not.toContain(record.prescription_id);
    }
    const outcomes = JSON.parse(out).parts.flatMap((part: { records: unknown[][] }) => part.records);
    expect(outcomes.map((row: unknown[]) => [row[0], row[5], typeof row[6]])).toEqual([
      [1, 'SYNCED', 'string'],
      [3, 'SYNCED', 'string'],
    ]);
  });

  test('a run the gateway was killed in gets its manifest at the next start', async () => {
    const first = await PmsProcess.start(scene);
    await first.stop();
    const config = { fallback: { ...SOON.fallback, dwell_seconds: 3600 } };
    const gateway = await Gateway.start(scene, { pmsUrl: first.url, config });
    const receipts = await readReceipts(scene, gateway, 'till');
    const record = aRecord({ schedule: 'II' });
    await publish(gateway, 'till', wire(record));
    await gateway.logged(({ msg, to }) => msg === 'the mode has changed' && to === 'FALLBACK', 'FALLBACK');
    await PmsProcess.start(scene, { url: first.url, db: first.db });
    await receipts.withStatus(record.idempotency_key, 'synced');
    await gateway.restart('SIGKILL');
    await gateway.logged(({ msg }) => msg === 'manifest of a reconciliation run signed', 'the manifest');
    const [listed] = JSON.parse(manifest(gateway, 'list', '--json').out);
    expect(listed).toMatchObject({ run: 1, ended: 'interrupted', records: 1 });
    expect(manifest(gateway, 'verify').status).toBe(0);
  });
});
