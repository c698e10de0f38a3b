/** `counterfoil lane training`: what it asks the gateway for, and what it refuses itself. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { silentLog } from '../../../src/base/log.ts';
import { operation } from '../../../src/base/socket/operations.ts';
import type { SocketServer } from '../../../src/base/socket/server.ts';
import { controlServer } from '../../../src/control/server.ts';
import { controlSocketPath } from '../../../src/control/socket-path.ts';
import { trainingCommand } from '../../../src/main/commands/lane-training.ts';

let dataDir = '';
let server: SocketServer;
let asked: unknown[] = [];
const lanes = [{ lane: 'till-1', until_utc: '2026-11-24T16:00:00.000Z' }];
const asks = (op: string, answer: object) =>
  operation(z.record(z.string(), z.unknown()), (params) => {
    asked.push([op, params]);
    return { ...answer };
  });

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'cf-training-'));
  asked = [];
  const operations = {
    'training.list': asks('list', { lanes: [] }),
    'training.put': asks('put', { lanes }),
    'training.end': asks('end', { lanes: [] }),
  };
  server = controlServer(controlSocketPath(dataDir), { operations, log: silentLog });
  await server.start();
});
afterEach(async () => {
  await server.stop();
  rmSync(dataDir, { recursive: true });
});

async function training(...args: string[]): Promise<string> {
  let output = '';
  const io = {
    env: {},
    write: (text: string) => {
      output += text;
    },
    exitWith: () => {},
  };
  await trainingCommand(io).parseAsync(['--data-dir', dataDir, ...args], { from: 'user' });
  return output;
}

test('puts, ends and lists', async () => {
  expect(await training('--lane', 'till-1', '--hours', '8')).toBe(
    'till-1 is in training until 2026-11-24T16:00:00.000Z\n',
  );
  expect(await training('--lane', 'till-1', '--off')).toBe('no lane is in training\n');
  expect(JSON.parse(await training('--json'))).toEqual({ lanes: [] });
  expect(asked).toEqual([
    ['put', { lane: 'till-1', hours: 8 }],
    ['end', { lane: 'till-1' }],
    ['list', {}],
  ]);
});

test.each([
  [['--lane', 'till-1', '--hours', '9'], /"9" hours are not possible/],
  [['--lane', 'till-1', '--hours', '0'], /"0" hours are not possible/],
  [['--lane', 'till-1'], /in training, or out of it\?/],
  [['--lane', 'till-1', '--hours', '1', '--off'], /in training, or out of it\?/],
  [['--lane', 'till/1', '--hours', '1'], /which lane\?/],
  [['--hours', '1'], /which lane\?/],
  [['--off'], /which lane\?/],
])('%j is refused', async (args, says) => {
  await expect(training(...args)).rejects.toThrow(says);
  expect(asked).toEqual([]);
});
