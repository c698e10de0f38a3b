import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { laneCommand } from '../../../src/main/commands/lane.ts';
import { Broker } from '../../lane/broker.ts';

let folder: string;
let broker: Broker;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-lane-simulate-'));
  broker = new Broker();
  await broker.start();
  await broker.status();
});
afterEach(async () => {
  await broker.stop();
  rmSync(folder, { recursive: true });
});

async function simulate(more: string[]) {
  const result = { output: '' };
  const io = {
    env: {},
    write: (text: string) => {
      result.output += text;
    },
    exitWith: () => undefined,
  };
  const args = ['simulate', '--url', broker.url, '--store', '0042', '--json', '--outbox', folder, ...more];
  await laneCommand(io).parseAsync(args, { from: 'user' });
  return JSON.parse(result.output);
}

test('sells at every lane, and everything that was published is at the gateway in the end', async () => {
  const counts = await simulate(['--lanes', '3', '--rate', '100', '--duration', '1', '--bad-rate', '0', '--seed', 'x']);
  expect(counts).toMatchObject({ kept: 0, failed: 0, lanes: 3 });
  expect(counts.published).toBeGreaterThan(0);
  expect(counts.acknowledged).toBe(counts.published);
  expect(readdirSync(folder).sort()).toEqual(['lane-1.db', 'lane-2.db', 'lane-3.db']);
});

test('what did not reach the gateway is in the outboxes, and goes out with the next run', async () => {
  await broker.stop();
  const away = simulate(['--lanes', '1', '--rate', '50', '--duration', '1', '--bad-rate', '0', '--drain', '0.1']);
  await expect(away).rejects.toMatchObject({ code: 'gateway_unreachable', exitCode: 1 });
  await broker.start();
  await broker.status();
  const counts = await simulate(['--lanes', '1', '--rate', '1', '--duration', '0.1', '--bad-rate', '0']);
  expect(counts.kept).toBe(0);
  expect(counts.acknowledged).toBeGreaterThan(counts.published);
});

test('refuses numbers that are none', async () => {
  for (const wrong of [
    ['--lanes', '0'],
    ['--lanes', '1.5'],
    ['--rate', '-1'],
    ['--bad-rate', '2'],
    ['--duration', 'soon'],
  ]) {
    await expect(simulate(wrong)).rejects.toMatchObject({ code: 'usage' });
  }
  expect(existsSync(join(folder, 'lane-1.db'))).toBe(false);
});
