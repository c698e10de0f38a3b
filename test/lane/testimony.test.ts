import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readWitness } from '../../src/inspect/statements.ts';
import { formRecord, labelOf } from '../../src/lane/form.ts';
import { Outbox } from '../../src/lane/outbox.ts';
import { testify } from '../../src/lane/testimony.ts';
import { LANE, receiptFor, STORE } from './broker.ts';
import { ManualTime } from './manual-time.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-testimony-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const NOTE = `gw-0042/aaaaaaaa/audit
7
${Buffer.alloc(32, 7).toString('base64')}

— gw-0042/aaaaaaaa/audit ${Buffer.alloc(68, 1).toString('base64')}
`;
const linesOf = (path: string) => {
  const lines: string[] = [];
  testify(path, (line) => lines.push(line));
  return lines;
};

test('the newest checkpoint and each receipt, as the inspector takes them; no record', () => {
  const path = join(folder, 'outbox.db');
  const outbox = new Outbox(path, { store: STORE, lane: LANE }, new ManualTime());
  outbox.open();
  for (const number of [1, 2, 3]) {
    const sale = { idempotency_key: `sale-0000000${number}`, schedule: 'IV', quantity: 4711 };
    const { position } = outbox.put(labelOf(sale), (marks) => formRecord(sale, marks));
    const bytes = outbox.bytes(position) ?? expect.fail('the record is there');
    const trail = { log: 'audit', index: number, leaf: Buffer.alloc(32, number).toString('base64'), checkpoint: NOTE };
    if (number < 3) outbox.applyReceipt(receiptFor(bytes, { trail }));
  }
  outbox.witness(NOTE);
  outbox.close();
  const lines = linesOf(path);
  expect(lines).toHaveLength(3);
  expect(lines[0]).toBe(`${JSON.stringify({ checkpoint: NOTE })}\n`);
  expect(lines.join('')).not.toContain('4711');
  const { statements } = readWitness('till', lines.join(''));
  expect(statements.map(({ kind }) => kind)).toEqual(['checkpoint', 'receipt', 'checkpoint', 'receipt', 'checkpoint']);
});

test('a running till has its outbox for itself; no file is made where there is none', () => {
  const path = join(folder, 'outbox.db');
  expect(() => linesOf(path)).toThrow(expect.objectContaining({ code: 'usage' }));
  const outbox = new Outbox(path, { store: STORE, lane: LANE }, new ManualTime());
  outbox.open();
  expect(() => linesOf(path)).toThrow(expect.objectContaining({ code: 'buffer_locked' }));
  outbox.close();
  expect(linesOf(path)).toEqual([]);
});
