/** Writes docs/man/counterfoil.1 from the command line: `node src/main/write-manual.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { wholeProgram } from './cli.ts';
import { factsOf } from './command-tree.ts';
import { MANUAL_DATE, manualPage } from './manual.ts';

mkdirSync(new URL('../../docs/man/', import.meta.url), { recursive: true });
writeFileSync(
  new URL('../../docs/man/counterfoil.1', import.meta.url),
  manualPage(factsOf(await wholeProgram()), MANUAL_DATE),
);
