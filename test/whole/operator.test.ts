/** What an operator types beside a running gateway: top, tail, check. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { counterfoil } from '../harness/command.ts';
import { COUNTERFOIL, Gateway } from '../harness/gateway.ts';
import { publish as publishPacket } from '../harness/mqtt-wire.ts';
import { Program } from '../harness/program.ts';
import { RawLane } from '../harness/raw-lane.ts';
import { aRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';

let scene: Scene;
let gateway: Gateway;
beforeEach(async () => {
  scene = new Scene();
  gateway = await Gateway.start(scene);
});
afterEach(() => scene.close());

async function sell(id: number): Promise<void> {
  const lane = await RawLane.ready(scene, gateway, `till-${id}`);
  lane.send(publishPacket({ topic: `pos/0042/till-${id}/records`, payload: wire(aRecord({ schedule: 'II' })), id }));
  expect(await lane.acknowledged(id)).toBe(true);
}

function follow(...args: string[]): Program {
  const program = Program.start(process.execPath, [COUNTERFOIL, ...args]);
  scene.onClose(() => program.stop('SIGKILL'));
  return program;
}

test('tail shows an entry of both trails as it comes, and ends when it is told to', async () => {
  const tail = follow('tail', '--lines', '1000', `${gateway.dataDir}/trail`);
  await tail.line((line) => line.includes('audit') && line.includes('  start  '), 'the start of the gateway');
  await sell(1);
  await tail.line((line) => line.includes('schedule_two') && line.includes('  intake  '), 'the record in its trail');
  await tail.stop('SIGTERM');
  expect(tail.lines.join('\n')).not.toMatch(/RX-|0574|1234567893/);
});

test('top goes on over a restart of the gateway', async () => {
  const top = follow('top', '--data-dir', gateway.dataDir, '--every', '0.2');
  await top.line((line) => line.startsWith('health '), 'the first look');
  await sell(2);
  await top.line((line) => /^till-2 +1 /.test(line), 'the lane');
  await gateway.stop();
  await top.line((line) => line.startsWith('NO ANSWER'), 'the silence');
  await gateway.start();
  await sell(3);
  await top.line((line) => /^till-3 +1 /.test(line), 'the lane of the new one');
  expect((await top.stop('SIGTERM')).code).toBe(0);
});

test('check is a plug-in: without PMS a warning with a reason, without gateway critical, called wrongly unknown', async () => {
  await gateway.getOnce(
    '/api/v1/status',
    ({ link }) => (link as { link: string } | null)?.link === 'OFFLINE',
    'OFFLINE',
  );
  const { code, output } = await counterfoil('check', '--nagios', '--url', gateway.http);
  expect(code).toBe(1);
  expect(output).toMatch(/^COUNTERFOIL WARNING - gw-0042: .*link:state: OFFLINE.*\| pending=0;;;0 /);
  await gateway.stop();
  expect((await counterfoil('check', '--data-dir', gateway.dataDir)).code).toBe(2);
  expect((await counterfoil('check', '--no-such-option')).code).toBe(3);
});
