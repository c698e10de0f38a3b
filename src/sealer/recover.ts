/**
 * What the sealer does with what it finds at its start: it was perhaps killed, or the power went, between any two steps.
 * Afterwards every segment is append-only or sealed, and everything below the newest is sealed.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { GuardedFolder } from './guarded-folder.ts';
import { readyPath, sealFile, type Workshop } from './seal.ts';
import { type SegmentFolder, segmentName } from './segment-folder.ts';
import { readFolderFlags } from './tools.ts';

/** Copies that were not complete are of no use to anybody. */
export function clearWorkshop({ path }: Pick<Workshop, 'path'>): void {
  for (const name of readdirSync(path)) if (name.endsWith('.part')) rmSync(join(path, name), { force: true });
}

/**
 * Ends every sealing that was under way, makes every segment append-only that is neither that nor sealed, takes away one
 * that was only half made, and lets the gateway in. Throws `trail_unfit`.
 */
export async function recoverFolder(folder: GuardedFolder, workshop: Workshop): Promise<void> {
  // Shut: we were killed while a segment was being made, and nobody can have opened it. Else somebody may have.
  const wasShut = folder.isShut;
  const flags = await readFolderFlags(folder.path);
  const files = folder.files();
  for (const { name, sizeBytes } of files) {
    const found = flags.get(name);
    const copy = readyPath(folder, workshop, name);
    if (found?.appendOnly === true || found?.immutable === true) {
      // It may grow, or is sealed already: a copy is made anew when it is to be sealed.
      if (existsSync(copy)) rmSync(copy);
      continue;
    }
    if (existsSync(copy) || folder.isSealedCopy(name)) {
      await sealFile(folder, workshop, name);
      continue;
    }
    if (sizeBytes === 0 && wasShut) folder.removeUnfinished(name);
    else await folder.repair(name);
    if (!wasShut) workshop.onFinding({ folder: folder.label, file: name, message: CLEARED });
  }
  folder.openTheDoor();
}

/** Seals what is not sealed yet of the segments below `n`: once a later one is begun, nothing is appended to them. */
export async function sealBelow(folder: SegmentFolder, workshop: Workshop, n: number): Promise<void> {
  for (const segment of await unsealed(folder, n)) await sealFile(folder, workshop, segmentName(segment));
}

/** Numbers below `n` of segments that are not immutable. */
export async function unsealed(folder: SegmentFolder, n: number): Promise<number[]> {
  const flags = await readFolderFlags(folder.path);
  const below = folder.list().filter((file) => file.n < n);
  return below.filter(({ name }) => flags.get(name)?.immutable !== true).map((file) => file.n);
}

const CLEARED =
  'a segment was not append-only and nothing the sealer did explains it: somebody with root rights has cleared the ' +
  'attribute. It is set again; run "counterfoil trail verify" with witnesses';
