import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tryWal } from '../../src/buffer/try-wal.ts';

test('a local disk passes, every commit is timed, nothing is left', () => {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-try-'));
  try {
    let nowMs = 0;
    const { commitMs, fault } = tryWal(folder, () => (nowMs += 1));
    expect(fault).toBeNull();
    expect(commitMs).toHaveLength(20);
    expect(commitMs.every((ms) => ms === 1)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a place that cannot be written is told', () => {
  expect(tryWal('/proc', () => 0)).toMatchObject({ commitMs: [], fault: expect.any(String) });
});
