/** Writes the table of docs/SECURITY-MODEL.md: `node test/harness/attacks/write-table.ts`. A test checks that it is current. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampleRecording } from './sample-trail.ts';
import { attackTable, judgeAll, withTable } from './table.ts';

const page = new URL('../../../docs/SECURITY-MODEL.md', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'counterfoil-attacks-'));
try {
  const table = attackTable(judgeAll(folder, sampleRecording()));
  writeFileSync(page, withTable(readFileSync(page, 'utf8'), table));
} finally {
  rmSync(folder, { recursive: true });
}
