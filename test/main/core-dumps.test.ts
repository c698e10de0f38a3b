/** A process is killed as the kernel does it at a fault, and what it leaves is searched for what it had in memory. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const MODULE = resolve(import.meta.dirname, '../../src/main/core-dumps.ts');
/** What the kernel names a dump here; one that goes to a program cannot be read by a test. */
const isFile =
  !/^[|/]/.test(readFileSync('/proc/sys/kernel/core_pattern', 'utf8')) &&
  spawnSync('bash', ['-c', 'ulimit -Hc'], { encoding: 'utf8' }).stdout.trim() === 'unlimited';

/** Keeps a value in memory that its text does not hold, and dies of SIGSEGV. Gives the dump, and whether the filter was set. */
function dumpOf(keepOut: boolean): { readonly dump: Buffer; readonly filter: string } {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-core-'));
  try {
    const program = `
      const { keepOutOfCoreDumps } = await import(${JSON.stringify(MODULE)});
      const { readFileSync } = await import('node:fs');
      if (${keepOut} && !keepOutOfCoreDumps()) throw new Error('no filter');
      globalThis.kept = Buffer.alloc(1 << 20, ['PATIENT', 'IN', 'MEMORY'].join('-'));
      process.stdout.write(readFileSync('/proc/self/coredump_filter', 'utf8'));
      setTimeout(() => process.kill(process.pid, 'SIGSEGV'), 1);
      setInterval(() => {}, 1000);`;
    const limited = 'ulimit -c unlimited 2>/dev/null; exec "$0" --input-type=module -e "$1"';
    const { stdout } = spawnSync('bash', ['-c', limited, process.execPath, program], { cwd: folder, encoding: 'utf8' });
    const [name] = readdirSync(folder);
    return { dump: name === undefined ? Buffer.alloc(0) : readFileSync(join(folder, name)), filter: stdout.trim() };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a dump holds nothing of what the process had in memory; one without the filter does, where dumps are files', () => {
  const kept = dumpOf(true);
  expect(kept.filter).toMatch(/^0+$/);
  expect(kept.dump.includes('PATIENT-IN-MEMORY')).toBe(false);
  if (isFile) expect(dumpOf(false).dump.includes('PATIENT-IN-MEMORY')).toBe(true);
});
