import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Manifest } from '../../../src/backup/manifest.ts';
import { bringUpToDate } from '../../../src/buffer/copy.ts';
import { figuresOf } from '../../../src/buffer/copy-figures.ts';
import { checkUnpacked } from '../../../src/main/commands/backup-check.ts';
import { Scene } from '../../harness/scene.ts';

const OLD = join(import.meta.dirname, '../../buffer/format-2/buffer.db');
const NEW_TABLES = /^(trail_store|archive|expiry|gateway_)/;

let scene: Scene;
let folder: string;
beforeEach(() => {
  scene = new Scene();
  folder = scene.folder();
});
afterEach(() => scene.close());

function freshCopy(): string {
  mkdirSync(folder, { recursive: true });
  const copy = join(folder, 'buffer.db');
  copyFileSync(OLD, copy);
  return copy;
}

/** What a program that knew format 2 would have written. */
function oldManifest(): Manifest {
  const copy = freshCopy();
  bringUpToDate(copy);
  const figures = figuresOf(copy);
  const tables = Object.entries(figures.tables).filter(([name]) => name === 'gateway_key' || !NEW_TABLES.test(name));
  return {
    manifest: 1,
    version: '0',
    created_at_utc: '2026-01-01T00:00:00.000Z',
    store: '0042',
    box_key: 'absent',
    with_keys: false,
    buffer: { ...figures, format: 2, tables: Object.fromEntries(tables) },
    files: [],
  };
}

const check = (manifest: Manifest) =>
  checkUnpacked({ manifest, copy: freshCopy(), trailDir: join(folder, 'trail'), boxKey: null });

test('a backup of an older program is held against what its format had', () => {
  const checked = check(oldManifest());
  expect(checked.findings.filter(({ ok }) => !ok)).toEqual([]);
  expect(checked.ok).toBe(true);
});

test.each([
  ['another epoch', (buffer: Manifest['buffer']) => ({ ...buffer, epoch: 'ffffffff' })],
  ['a record more', (buffer: Manifest['buffer']) => ({ ...buffer, records: buffer.records + 1 })],
  ['a row more', ({ tables, ...buffer }: Manifest['buffer']) => ({ ...buffer, tables: { ...tables, lane: 99 } })],
  [
    'another head',
    ({ trails, ...buffer }: Manifest['buffer']) => ({
      ...buffer,
      trails: { ...trails, audit: { ...trails.audit, leaf: Buffer.alloc(32, 9).toString('base64') } },
    }),
  ],
])('%s than the manifest says: one finding, and it is told', (_, change) => {
  const manifest = oldManifest();
  const checked = check({ ...manifest, buffer: change(manifest.buffer) });
  expect([checked.ok, checked.findings.filter(({ ok }) => !ok).length]).toEqual([false, 1]);
});
