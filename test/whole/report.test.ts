/** Reports of a real gateway with the WAN down: on demand, by schedule, made up for after a kill, never twice. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { counterfoil, type Said } from '../harness/command.ts';
import { Gateway, STORE } from '../harness/gateway.ts';
import { publish as publishPacket } from '../harness/mqtt-wire.ts';
import { RawLane } from '../harness/raw-lane.ts';
import { aRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';
import { entriesOf } from '../harness/trail-entries.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const config = (gateway: Gateway): string[] => ['--config', join(gateway.folder, 'gateway.yaml')];
const hour = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
const around = ['--from', hour(-1), '--to', hour(1)];
const PRESCRIPTION = 'RX-MARKED-4711';

interface Listed {
  readonly id: string;
  readonly folder: string;
  readonly kind: string;
  readonly confidential: boolean;
  readonly trailHolds: boolean;
  readonly window: { readonly fromUtcMs: number };
}

const listed = ({ output }: Said): Listed[] =>
  output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Listed);

async function sell(gateway: Gateway, schedules: readonly string[]): Promise<void> {
  const lane = await RawLane.ready(scene, gateway, 'till');
  schedules.forEach((schedule, at) => {
    const payload = wire(aRecord({ schedule, prescription_id: `${PRESCRIPTION}-${at}` }));
    lane.send(publishPacket({ topic: `pos/${STORE}/till/records`, payload, id: at + 1 }));
  });
  expect(await lane.acknowledged(schedules.length)).toBe(true);
}

test('an inspection pack and a register on demand: what was just sold is in them, and the trail tells of both', async () => {
  const gateway = await Gateway.start(scene);
  await sell(gateway, ['II', 'IV', 'II', 'NONE', 'V']);

  const [pack] = listed(await counterfoil('report', 'run', 'inspection', ...config(gateway), ...around, '--json'));
  const figures = JSON.parse(readFileSync(join(pack?.folder ?? '', 'figures.json'), 'utf8'));
  expect(pack).toMatchObject({ confidential: false, trailHolds: true });
  expect(figures.counted.reconciliation).toMatchObject({
    II: { captured: 2, open_after: { PENDING: 2 } },
    IV: { captured: 1 },
  });
  expect(figures.counted.open).toHaveLength(5);
  expect(figures.ndc).toMatchObject({ by_path: { hyphenated: 5 }, unreadable: 0 });
  for (const file of ['figures.json', 'report.html', 'report.pdf', 'report.json']) {
    expect(readFileSync(join(pack?.folder ?? '', file), 'latin1')).not.toContain('MARKED');
  }

  const [register] = listed(
    await counterfoil('report', 'run', 'schedule_two', ...config(gateway), ...around, '--json'),
  );
  expect(register).toMatchObject({ confidential: true });
  expect(readFileSync(join(register?.folder ?? '', 'report.html'), 'utf8')).toContain(`${PRESCRIPTION}-2`);
  expect(entriesOf(gateway.bufferFile, 'access', 'schedule_two')).toMatchObject([{ kinds: ['report'], way: 'export' }]);
  expect(entriesOf(gateway.bufferFile, 'report')).toMatchObject([
    { step: 'begin', kind: 'inspection' },
    { step: 'made', id: pack?.id, holds: true },
    { step: 'begin', kind: 'schedule_two' },
    { step: 'made', id: register?.id },
  ]);
});

test('a register while the gateway is stopped is told to the trail by the command, or is not made', async () => {
  const gateway = await Gateway.start(scene);
  await sell(gateway, ['II']);
  await gateway.stop();
  const asked = await counterfoil('report', 'run', 'schedule_two', ...config(gateway), ...around);
  expect(asked).toMatchObject({ code: 1, output: '', errors: expect.stringContaining('--offline') });
  const made = await counterfoil('report', 'run', 'schedule_two', ...config(gateway), ...around, '--offline');
  expect(made).toMatchObject({ code: 0, errors: expect.stringContaining('does not run') });
  expect(entriesOf(gateway.bufferFile, 'access', 'schedule_two')).toHaveLength(1);
  // The next gateway takes on what was made without it.
  await gateway.start();
  await gateway.logged(({ msg }) => msg === 'a report is made', 'the report of before');
});

test('a trail that was changed: the report is made and says so first', async () => {
  const gateway = await Gateway.start(scene);
  await sell(gateway, ['II', 'IV']);
  await gateway.stop();
  const segment = join(gateway.dataDir, 'trail/audit/s00000000.log');
  writeFileSync(
    segment,
    readFileSync(segment, 'latin1').replace('"lane":"till"', '"lane":"tilt"').replace('"till","IV"', '"tilt","IV"'),
    'latin1',
  );
  const said = await counterfoil('report', 'run', 'inspection', ...config(gateway), ...around);
  expect(said).toMatchObject({ code: 0, output: expect.stringContaining('DOES NOT HOLD') });
  const folder = said.output.split('\n')[1] ?? '';
  expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('ALARM: THE AUDIT TRAIL DOES NOT HOLD');
});

test('windows that were missed are made up for once, over a kill in between', async () => {
  const folder = scene.folder();
  const year = new Date().getUTCFullYear() - 1;
  const watched = { step: 'watch', name: 'board', ms: Date.UTC(year - 2, 0, 2) };
  mkdirSync(join(folder, 'data/reports'), { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'data/reports/runs.jsonl'), `${JSON.stringify(watched)}\n{"step":"han`);
  const cycles = [{ name: 'board', kind: 'inspection', from: `${year - 2}-01-01`, months: 12 }];
  const gateway = await Gateway.start(scene, { folder, config: { reports: { schedules: [], cycles } } });
  await gateway.logged(({ msg }) => msg === 'a report is made', 'the first report');
  await gateway.kill();
  await gateway.start();
  // Its report is handed on after all that is due.
  const look = async () => listed(await counterfoil('report', 'list', ...config(gateway), '--json'));
  await counterfoil('report', 'run', 'daily', ...config(gateway));
  await gateway.stop();
  await gateway.start();
  await counterfoil('report', 'run', 'weekly', ...config(gateway));
  const made = await look();
  expect(made.map(({ kind }) => kind).sort()).toEqual(['daily', 'inspection', 'inspection', 'inspection', 'weekly']);
  expect(new Set(made.map(({ window, kind }) => `${kind} ${window.fromUtcMs}`)).size).toBe(5);
  const told = entriesOf(gateway.bufferFile, 'report').filter(({ step }) => step === 'made');
  expect(new Set(told.map(({ id }) => id)).size).toBe(5);
});
