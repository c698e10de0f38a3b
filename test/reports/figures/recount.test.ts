import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { figuresBytes } from '../../../src/reports/figures/figures.ts';
import { recount } from '../../../src/reports/figures/recount.ts';
import { sampleFigures } from '../sample.ts';

let scratch = '';
let bytes: Buffer;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'counterfoil-recount-'));
  bytes = figuresBytes(sampleFigures(join(scratch, 'trail'), { seed: 3, steps: 200 }));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('the same trail gives the same figures', async () =>
  expect(await recount(bytes, join(scratch, 'trail'))).toEqual({ differences: [] }));

test('another trail does not, and the members that differ are named', async () => {
  const other = join(scratch, 'other');
  cpSync(join(scratch, 'trail'), other, { recursive: true });
  for (const name of readdirSync(join(other, 'audit'))) {
    const path = join(other, 'audit', name);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll('"status":200', '"status":500'));
  }
  const { differences } = await recount(bytes, other);
  expect(differences).toContain('/counted/traffic/outcomes/200');
  expect(differences).toContain('/counted/traffic/outcomes/500');
});

test('what are no figures', async () =>
  await expect(recount(Buffer.from('{"v":1}'), scratch)).rejects.toMatchObject({ code: 'usage' }));
