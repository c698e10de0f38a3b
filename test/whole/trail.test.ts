/** The trail of a real gateway, verified as a stranger does: beside it while it runs, after a kill, and with the receipts a till kept. */
import { cpSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TrailVerdict } from '../../src/inspect/verdict.ts';
import { counterfoil } from '../harness/command.ts';
import { COUNTERFOIL, Gateway } from '../harness/gateway.ts';
import { publish, readReceipts } from '../harness/mosquitto.ts';
import { Program } from '../harness/program.ts';
import { missing } from '../harness/programs.ts';
import { aRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const trailOf = (gateway: Gateway) => join(gateway.dataDir, 'trail');

async function verified(
  directory: string,
  ...args: readonly string[]
): Promise<{ code: number | null; verdict: TrailVerdict }> {
  const { code, output, errors } = await counterfoil('trail', 'verify', directory, '--json', ...args);
  if (output === '') throw new Error(errors);
  return { code, verdict: JSON.parse(output) as TrailVerdict };
}

const faultsIn = ({ logs }: TrailVerdict) => Object.values(logs).flatMap(({ faults }) => faults);

/** Publishes records of both trails as one lane; gives the receipts as the till has them. */
async function sell(gateway: Gateway, lane: string, count: number): Promise<string[]> {
  const receipts = await readReceipts(scene, gateway, lane);
  const kept: string[] = [];
  for (let k = 0; k < count; k += 1) {
    const record = aRecord({ schedule: k % 3 === 0 ? 'II' : 'IV' });
    await publish(gateway, lane, wire(record));
    kept.push(JSON.stringify(await receipts.last(record.idempotency_key)));
  }
  return kept;
}

describe.skipIf(missing('mosquitto_pub', 'mosquitto_sub'))('the trail of a gateway', () => {
  test('holds beside it while it runs, after a kill, and over the next start; receipts are its witnesses', async () => {
    const gateway = await Gateway.start(scene);
    expect(faultsIn((await verified(trailOf(gateway))).verdict)).toEqual([]);
    const follower = Program.start(process.execPath, [
      COUNTERFOIL,
      'trail',
      'show',
      trailOf(gateway),
      '--kind',
      'intake',
      '--follow',
    ]);
    scene.onClose(() => follower.stop('SIGKILL'));
    const kept = await sell(gateway, 'till', 6);
    await follower.line((line) => / {2}intake {2}1 record 6$/.test(line), 'the sixth record');
    const live = await verified(trailOf(gateway));
    expect(faultsIn(live.verdict)).toEqual([]);
    await gateway.kill();
    const killed = await verified(trailOf(gateway));
    expect(faultsIn(killed.verdict)).toEqual([]);
    await gateway.start();
    kept.push(...(await sell(gateway, 'till-2', 3)));
    await gateway.stop();
    const file = join(scene.folder(), 'receipts.jsonl');
    writeFileSync(file, kept.join('\n'));
    const { code, verdict } = await verified(trailOf(gateway), '--witness', file);
    expect(faultsIn(verdict)).toEqual([]);
    expect(verdict.witnesses[0]).toMatchObject({
      verdict: 'proven',
      counts: { contradicted: 0, ahead: 0, unusable: 0 },
    });
    expect(Object.values(verdict.logs).map(({ records }) => records)).toEqual([6, 3]);
    expect(Object.values(verdict.logs).every(({ checkpoints }) => checkpoints.proven > 0)).toBe(true);
    expect(verdict.logs.audit?.remarks.map(({ code: word }) => word)).not.toContain('records_missing');
    expect(code).toBe(0);
  });

  test('cut off at its end, it is found by a receipt; a copy elsewhere is as good as the trail', async () => {
    const gateway = await Gateway.start(scene);
    const kept = await sell(gateway, 'till', 3);
    await gateway.stop();
    const copy = join(scene.folder(), 'copy');
    cpSync(trailOf(gateway), copy, { recursive: true });
    const file = join(scene.folder(), 'receipts.jsonl');
    writeFileSync(file, kept.join('\n'));
    expect((await verified(copy, '--witness', file)).code).toBe(0);
    const [segment = ''] = readdirSync(join(copy, 'schedule_two')).filter((name) => name.endsWith('.log'));
    const path = join(copy, 'schedule_two', segment);
    truncateSync(path, readFileSync(path).indexOf('\n') + 1);
    const { code, verdict } = await verified(copy, '--witness', file);
    expect([code, faultsIn(verdict)]).toEqual([1, []]);
    expect(verdict.witnesses[0]?.verdict).toBe('ahead');
  });

  test('a record is proved from it, and the export stands for itself', async () => {
    const gateway = await Gateway.start(scene);
    const [first = ''] = await sell(gateway, 'till', 3);
    await gateway.stop();
    const folder = scene.folder();
    const [proof, exported, receipt] = ['proof.json', 'export', 'receipt.json'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(receipt, first);
    expect(await counterfoil('trail', 'prove', trailOf(gateway), '--receipt', receipt, '--to', proof)).toMatchObject({
      code: 0,
    });
    expect(await counterfoil('trail', 'export', trailOf(gateway), '--to', exported)).toMatchObject({ code: 0 });
    expect(await counterfoil('trail', 'prove', '--check', proof, '--key', join(exported, 'keys.txt'))).toMatchObject({
      code: 0,
      output: expect.stringContaining('The proof holds.'),
    });
    expect((await verified(exported, '--key', join(exported, 'keys.txt'))).code).toBe(0);
    const shown = await counterfoil('trail', 'show', exported, '--kind', 'intake', '--sequence', '2');
    expect(shown.output).toMatch(/^\S+Z {2}audit \d+ {2}intake {2}1 record 2$/);
  });
});
