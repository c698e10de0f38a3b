/**
 * Cuts segments that go on behind a copy of the buffer. A mirror's segments are brought over before the buffer's newest state, and
 * a trail partition that has outlived its box may know more than the copy: what is behind the copy's end belongs to a life the
 * copy does not know, and a trail that is to go on from the copy cannot hold it.
 */
import { existsSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory, syncFile } from '../base/durable.ts';
import { type CopiedTrail, segmentsUpTo } from './trail-files.ts';

/** In a directory of one's own, never in the trail itself. Throws `trail_damaged` as `segmentsUpTo`; nothing is cut then. */
export function cutSegments(directory: string, trail: CopiedTrail): void {
  if (!existsSync(directory)) return;
  const parts = segmentsUpTo(directory, trail);
  const kept = new Set(parts.map(({ name }) => name));
  for (const name of readdirSync(directory)) if (!kept.has(name)) rmSync(join(directory, name));
  const last = parts.at(-1);
  if (last !== undefined) {
    truncateSync(last.path, last.bytes);
    syncFile(last.path);
  }
  syncDirectory(directory);
}
