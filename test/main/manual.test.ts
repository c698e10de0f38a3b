import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { wholeProgram } from '../../src/main/cli.ts';
import { factsOf } from '../../src/main/command-tree.ts';
import { MANUAL_DATE, manualPage } from '../../src/main/manual.ts';
import { missing } from '../harness/programs.ts';

const PAGE = new URL('../../docs/man/counterfoil.1', import.meta.url).pathname;

test('the manual page is what the command line says today (node src/main/write-manual.ts)', async () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(manualPage(factsOf(await wholeProgram()), MANUAL_DATE));
});

test.skipIf(missing('mandoc'))('mandoc finds nothing to warn about, and would', () => {
  expect(spawnSync('mandoc', ['-Tlint', '-Wwarning', PAGE], { encoding: 'utf8' }).stdout).toBe('');
  const input = '.Dd today\n.Sh NAME\n';
  expect(spawnSync('mandoc', ['-Tlint', '-Wwarning'], { encoding: 'utf8', input }).stdout).not.toBe('');
});
