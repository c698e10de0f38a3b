/** `counterfoil doctor` against a broker in this process; real brokers are in test/whole/external.test.ts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { doctorCommand } from '../../../src/main/commands/doctor.ts';
import { ShopBroker } from '../../intake/external/shop-broker.ts';

let folder = '';
let broker: ShopBroker;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-doctor-'));
  broker = new ShopBroker();
  await broker.start();
});
afterEach(async () => {
  await broker.stop();
  rmSync(folder, { recursive: true });
});

async function run(intake: object, ...args: string[]) {
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, JSON.stringify({ gateway: { store: '0042' }, intake }));
  const result = { output: '', code: 0 };
  const io = {
    env: {},
    write: (text: string) => {
      result.output += text;
    },
    exitWith: (code: number) => {
      result.code = code;
    },
  };
  await doctorCommand(io).parseAsync(['--config', file, '--only', 'broker', ...args], { from: 'user' });
  return result;
}

const external = () => ({ source: 'external', external: { url: broker.url } });

test('with the own broker there is nothing to check', async () => {
  const { code, output } = await run({});
  expect(code).toBe(0);
  expect(output).toBe('\n0 failed, 0 to look at, 0 well\n');
});

test('a broker that keeps sessions is told so, and nothing of the test is left in it', async () => {
  const { code, output } = await run(external());
  expect(code).toBe(0);
  expect(output).toMatch(/^ok {3}connection /m);
  expect(output).toMatch(/^ok {3}session +kept over a reconnect$/m);
  expect(output).toMatch(/^ok {3}queued +64 of 64 /m);
});

test('a broker that lets nobody in fails, with what to do', async () => {
  broker.letsIn = () => false;
  const { code, output } = await run(external());
  expect(code).toBe(1);
  expect(output).toMatch(/^FAIL connection +credentials\n +the broker refused user name/);
});

test('missing rights are named one by one', async () => {
  broker.grants = (topic) => topic !== 'pos/0042/+/records';
  const { code, output } = await run(external(), '--json');
  expect(code).toBe(1);
  const { findings } = JSON.parse(output) as { findings: { check: string; status: string; advice: string | null }[] };
  expect(findings.filter(({ check }) => check === 'rights')).toMatchObject([
    { status: 'fail', advice: 'Let this user read pos/0042/+/records with QoS 1.' },
    { status: 'ok' },
  ]);
});

test('what cannot be measured is said, with the right that is missing', async () => {
  broker.grants = (topic) => !topic.endsWith('/doctor/check');
  const { code, output } = await run(external());
  expect(code).toBe(0);
  expect(output).toMatch(/^\? {4}session +subscription\n +Let this user read and write pos\/0042\/doctor\/check/m);
});
