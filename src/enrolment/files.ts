/**
 * Files of this room, in `{data_dir}/lanes`. Each is replaced as a whole: written beside, synced, renamed, the folder
 * synced. If the power goes before the rename, the old file is there and perhaps a `.new`, which the next change overwrites.
 */

import { hash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { replaceDurably } from '../base/durable-async.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import { readPrivate } from '../base/private-file.ts';
import { type LanesFile, lanesFileSchema, NO_LANES } from './schema.ts';

const PUT_RIGHT =
  'Lanes that are known by their certificate are served as before as far as the authority is there; none can be enrolled or revoked. Put the file right, or restore it from a backup.';

export interface LanePaths {
  readonly folder: string;
  readonly lanes: string;
  /** The authority's certificate and private key (PEM). */
  readonly certificate: string;
  readonly key: string;
  /** Revoked certificates, for others (CRL, PEM). */
  readonly list: string;
}

export function lanePaths(dataDir: string): LanePaths {
  const folder = join(dataDir, 'lanes');
  return {
    folder,
    lanes: join(folder, 'lanes.json'),
    certificate: join(folder, 'authority.pem'),
    key: join(folder, 'authority.key'),
    list: join(folder, 'revoked.crl'),
  };
}

/** What a backup takes along. */
export function laneFiles(dataDir: string): string[] {
  const { lanes, certificate, key, list } = lanePaths(dataDir);
  return [lanes, certificate, key, list];
}

export function makeLaneFolder({ folder }: LanePaths): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/**
 * What the file says; no lanes when there is none.
 * @throws CounterfoilError `lanes_unusable` when others may read it, or it is not in its form.
 */
export function readLanes(path: string): LanesFile {
  const text = readOwn(path);
  if (text === null) return NO_LANES;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unusable(`${path} is no JSON`);
  }
  const read = lanesFileSchema.safeParse(value);
  if (!read.success) {
    const where = [...new Set(read.error.issues.map((issue) => issue.path.join('.')))].slice(0, 5).join(', ');
    throw unusable(`${path} is not in its form: ${where}`);
  }
  const names = new Set(read.data.lanes.map(({ name }) => name));
  if (names.size < read.data.lanes.length) throw unusable(`${path} names a lane twice`);
  return read.data;
}

/** A file that is nobody else's to read; null when there is none. @throws CounterfoilError `lanes_unusable`. */
export function readOwn(path: string): string | null {
  return readPrivate(path, (message, hint) => unusable(message, undefined, hint));
}

/** SHA-256 of the file as it is written, base64: the trail names it, so that a change behind its back shows. */
export function lanesHash(lanes: LanesFile): string {
  return hash('sha256', textOf(lanes), 'base64');
}

/** Resolves once the new file would survive a power cut. @throws CounterfoilError `storage_full`, `storage_io`. */
export function writeLanes(path: string, lanes: LanesFile): Promise<void> {
  return replaceFile(path, textOf(lanes));
}

/** As `writeLanes`, for any text; mode 0600. */
export async function replaceFile(path: string, text: string): Promise<void> {
  try {
    await replaceDurably(path, text);
  } catch (error) {
    const isFull = error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
    const message = `${path} cannot be written: ${messageOf(error)}`;
    const hint = 'The lanes are as they were. Make room or mend the disk, then do it again.';
    throw new CounterfoilError(isFull ? 'storage_full' : 'storage_io', message, hint, error);
  }
}

function textOf(lanes: LanesFile): string {
  return `${JSON.stringify(lanes, null, 1)}\n`;
}

export function unusable(message: string, cause?: unknown, hint = PUT_RIGHT): CounterfoilError {
  return new CounterfoilError('lanes_unusable', message, hint, cause);
}
