/**
 * Keeps segments without a sealer, for development and the demo: plain files that whoever owns the gateway can change.
 * Health says `worm: none`.
 */
import { open } from 'node:fs/promises';
import { makeDirectory, syncDirectory } from '../base/durable-async.ts';
import type { SegmentKeeper } from './api.ts';
import { logDirectory, segmentPath } from './names.ts';

export function ownKeeper(trailDir: string): SegmentKeeper {
  return {
    async prepare(log, n) {
      const path = segmentPath(trailDir, log, n);
      await makeDirectory(logDirectory(trailDir, log));
      const file = await open(path, 'a', 0o600);
      await file.close();
      // Else a power cut could leave a trail that ends with the segment before, though entries here were counted on.
      await syncDirectory(logDirectory(trailDir, log));
      return { path, appendOnly: false };
    },
    async seal() {},
    worm: () => 'none',
    async close() {},
  };
}
