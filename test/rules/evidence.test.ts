/** Whoever follows a line of the table of controls must find the file it names. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const PAGE = readFileSync(join(ROOT, 'docs/SECURITY-MODEL.md'), 'utf8');
const TABLE = PAGE.slice(PAGE.indexOf('<!-- evidence:begin -->'), PAGE.indexOf('<!-- evidence:end -->'));
const ROWS = TABLE.split('\n').filter((line) => /^\| (?!rule|-)/.test(line));

/** Files that the last column names, and whether the row says that a program cannot do it. */
const rows = ROWS.map((row) => {
  const [, rule = '', control = '', evidence = ''] = row.split(/(?<!\\)\|/).map((cell) => cell.trim());
  return { rule, control, files: [...evidence.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '') };
});

test('the table is there, with the rules it is asked for', () => {
  const rules = rows.map(({ rule }) => rule).join('\n');
  for (const rule of ['164.312(a)', '164.312(b)', '164.312(c)', '164.312(d)', '164.312(e)'])
    expect(rules).toContain(rule);
  for (const rule of ['11.10', '11.50', '11.70', '11.200', '11.300', '1311.205', '1311.215'])
    expect(rules).toContain(rule);
});

test.each(rows)('$rule: its evidence exists, or it is a procedure', ({ control, files }) => {
  if (files.length === 0) expect(control).toBe('procedure');
  for (const file of files) {
    expect(existsSync(join(ROOT, file)), file).toBe(true);
    // A test file without a test would be evidence of nothing.
    if (file.endsWith('.test.ts'))
      expect(readFileSync(join(ROOT, file), 'utf8'), file).toMatch(/\b(test|it)(\.each)?\(/);
  }
});
