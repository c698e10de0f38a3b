/** For commands that stream through files of any size. */
import { setFlagsFromString } from 'node:v8';

/**
 * Keeps the young generation of the heap as small as it is at the start. Left alone it grows within minutes to 48 MB because it can, and what
 * is read here lives for one line: memory would seem to grow with the trail. Costs no time that can be measured.
 */
export function keepMemoryFlat(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
