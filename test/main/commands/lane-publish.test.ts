import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { laneCommand } from '../../../src/main/commands/lane.ts';
import { inWords, splitPublishes } from '../../../src/main/commands/lane-publish.ts';
import type { Receipt } from '../../../src/record/lane-wire.ts';
import { type Arrival, Broker, receiptFor } from '../../lane/broker.ts';

let folder: string;
let broker: Broker;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-lane-publish-'));
  broker = new Broker();
  await broker.start();
  await broker.status();
});
afterEach(async () => {
  await broker.stop();
  rmSync(folder, { recursive: true });
});

const A = '{ "idempotency_key":"sale-00000001", "quantity": 30}';
const B = '{"idempotency_key":"sale-00000002","quantity":1}';

/** Runs the command on a file; the broker answers arrival i with `answers[i]`. */
async function publish(text: string, answers: Partial<Receipt>[], more: string[] = []) {
  const file = join(folder, 'records.json');
  writeFileSync(file, text);
  const result = { output: '', code: 0 };
  const io = {
    env: {},
    write: (line: string) => {
      result.output += line;
    },
    exitWith: (code: number) => {
      result.code = code;
    },
  };
  const told = answers.map(async (answer, index) => await broker.receipt(await broker.arrivals.nth(index + 1), answer));
  const args = ['publish', '--url', broker.url, '--store', '0042', '--lane', 'lane-1', '--file', file, ...more];
  await laneCommand(io).parseAsync(args, { from: 'user' });
  await Promise.all(told);
  return result;
}

const sent = (arrivals: readonly Arrival[]) => arrivals.map(({ bytes }) => bytes.toString());

describe('lane publish', () => {
  test('publishes the file as it stands and says what the gateway said', async () => {
    const { output, code } = await publish(A, [{ lane_hash: null, flags: ['npi_invalid'] }]);
    expect(sent(broker.arrivals.all)).toEqual([A]);
    expect(output).toBe('accepted as gw-0042-aaaaaaaa-000000000001, PENDING\n  flag npi_invalid\n');
    expect(code).toBe(0);
  });

  test('publishes one record a line, also the same twice, each after the answer to the one before', async () => {
    const answers = [{}, { status: 'duplicate' }, { status: 'duplicate' }] as const;
    const { output, code } = await publish(`${B}\n${B}\n\n${B}\n`, [...answers]);
    expect(sent(broker.arrivals.all)).toEqual([B, B, B]);
    expect(output.split('\n').map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      '1: accepted',
      '2: duplicate',
      '3: duplicate',
      '',
    ]);
    expect(code).toBe(0);
  });

  test.each(['refused', 'conflict'] as const)(
    'ends with 1 when a record is %s, and gives the reasons',
    async (status) => {
      const reasons = [{ code: 'field_missing', field: 'ndc', message: 'ndc is missing: send it' }];
      const none = { sequence: null, sequence_id: null, payload_hash: null };
      const { output, code } = await publish(B, [{ status, reasons, ...none }]);
      expect(output).toBe(`${status}\n  ndc is missing: send it\n`);
      expect(code).toBe(1);
    },
  );

  test('prints receipts as JSON', async () => {
    const { output } = await publish(B, [{}], ['--json']);
    expect(JSON.parse(output)).toEqual(receiptFor(Buffer.from(B)));
  });

  test('refuses names and numbers that are none', async () => {
    for (const wrong of [
      ['--store', 'a/b'],
      ['--lane', '+'],
      ['--timeout', '0'],
      ['--url', 'http://x'],
    ]) {
      await expect(publish(B, [], wrong)).rejects.toMatchObject({ exitCode: 2 });
    }
  });
});

test.each([
  ['one object over several lines', '{\n"a": 1\n}\n', ['{\n"a": 1\n}\n']],
  ['lines', '{"a":1}\n\n{"b":2}', ['{"a":1}', '{"b":2}']],
  ['lines of which a later one is broken', '{"a":1}\n{"b"', ['{"a":1}', '{"b"']],
  ['no JSON at all', 'hello\nworld', ['hello\nworld']],
  ['nothing', '', ['']],
])('%s is split into publishes', (_, text, publishes) => {
  expect(splitPublishes(Buffer.from(text)).map(String)).toEqual(publishes);
});

test('a receipt in words names no key', () => {
  expect(inWords(receiptFor(Buffer.from(B)))).not.toContain('sale-');
});
