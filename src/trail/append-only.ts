/**
 * Whether the trail really cannot be changed from here: tried, as an attacker who owns the gateway would, never taken from
 * somebody's word. Each try is harmless where it succeeds: a file is opened and nothing is written, a file that could be
 * made is empty and is removed.
 */
import { constants } from 'node:fs';
import { open, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from './disk.ts';
import { LOGS, logDirectory, segmentNumber } from './names.ts';

/** What the kernel allows this process to do with a file: it says EPERM for what the file's attributes forbid. */
export type Protection = 'none' | 'append_only' | 'sealed';

/** Tries to open a segment for overwriting, then for appending. Throws what looking at it throws (ENOENT). */
export async function protectionOf(path: string): Promise<Protection> {
  if ((await refusalOf(path, constants.O_WRONLY)) !== 'EPERM') return 'none';
  return (await refusalOf(path, constants.O_WRONLY | constants.O_APPEND)) === 'EPERM' ? 'sealed' : 'append_only';
}

/** What this process could do to the trail besides appending, a sentence each; empty when nothing. */
export async function weaknessesOf(trailDir: string): Promise<string[]> {
  const found = await ownPowers();
  for (const log of LOGS) {
    const folder = logDirectory(trailDir, log);
    try {
      found.push(...(await folderWeaknesses(folder)));
    } catch (error) {
      found.push(`${folder} cannot be looked at (${codeOf(error)})`);
    }
  }
  return found;
}

async function folderWeaknesses(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => segmentNumber(name) !== null);
  if (names.length === 0) return [`${folder} has no segment`];
  const found: string[] = [];
  if (await canMakeFiles(folder)) found.push(`files can be made, renamed and removed in ${folder}`);
  for (const name of names) {
    if ((await protectionOf(join(folder, name))) === 'none') found.push(`${join(folder, name)} can be overwritten`);
  }
  return found;
}

/** The error's code when a file cannot be opened so; null when it can. */
async function refusalOf(path: string, flags: number): Promise<string | null> {
  try {
    await (await open(path, flags | constants.O_NOFOLLOW)).close();
    return null;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw error;
    return codeOf(error);
  }
}

async function canMakeFiles(folder: string): Promise<boolean> {
  const path = join(folder, `probe-${process.pid}`);
  try {
    await (await open(path, 'wx', 0o600)).close();
    await unlink(path);
    return true;
  } catch {
    return false;
  }
}

/** A process with capabilities can take back what protects the trail, now or when it is asked to by an intruder. */
async function ownPowers(): Promise<string[]> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const [, effective, bounding] = /^CapEff:\s*([0-9a-f]+)\n(?:.*\n)*?CapBnd:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  if (effective === undefined || bounding === undefined)
    return ['/proc/self/status does not say which capabilities this process has'];
  if (!/^0+$/.test(effective)) return ['this process has capabilities; the gateway needs none'];
  return /^0+$/.test(bounding) ? [] : ['the bounding set of capabilities of this process is not empty'];
}
