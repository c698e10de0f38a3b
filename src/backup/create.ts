/**
 * Makes a backup of what a gateway holds. The order is what makes the parts fit together, beside a running gateway:
 *
 * 1. the copy of the buffer (the caller's, made before): everything acknowledged up to one moment;
 * 2. the trail: segments up to the last entry the copy has. They hold at least what the copy no longer has as rows, they grow
 *    behind that, and nothing below ever changes. The other way round, rows pruned in between would be in neither;
 * 3. the archive: what has left the buffer by then and more, because a record leaves only once its archive file is synced;
 * 4. the configuration.
 */

import type { KeyObject } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { BackupFile, type Content, type Finished } from './container.ts';
import { FILE_KEY } from './header.ts';
import {
  BOX_KEY,
  BUFFER,
  type BufferFigures,
  type FileFigures,
  isEntryName,
  MANIFEST,
  type Manifest,
} from './manifest.ts';
import { wrapForKey, wrapForPassphrase } from './recipients.ts';
import { segmentsUpTo } from './trail-files.ts';

const PIECE_BYTES = 64 * 1024;
const ARCHIVE_DEPTH = 4;
const LOGS = ['audit', 'schedule_two'] as const;

/** A file of the gateway's beside buffer and trail, as `config/…` or, for a secret, `keys/…`. */
export interface NamedFile {
  readonly name: string;
  readonly path: string;
}

export interface BackupTask {
  /** Where the backup goes. */
  readonly to: string;
  readonly version: string;
  readonly createdAtUtc: string;
  readonly store: string;
  /** The copy of the buffer, and what it is. */
  readonly copy: string;
  readonly figures: BufferFigures;
  readonly trailDir: string;
  readonly files: readonly NamedFile[];
  readonly withKeys: boolean;
  readonly boxKey: Uint8Array;
  /** At least one of these two. */
  readonly recoveryKey: KeyObject | null;
  readonly passphrase: string | null;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

export interface BackupMade extends Finished {
  readonly manifest: Manifest;
}

/** @throws CounterfoilError `storage_full`, `storage_io`, `trail_damaged`; nothing is left of the backup then. */
export function createBackup(task: BackupTask): BackupMade {
  const parts = partsOf(task);
  const totalBytes = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = 0;
  const backup = new BackupFile(task.to, (fileKey) => [
    ...(task.recoveryKey === null ? [] : [wrapForKey(fileKey, task.recoveryKey, FILE_KEY)]),
    ...(task.passphrase === null ? [] : [wrapForPassphrase(fileKey, task.passphrase, FILE_KEY)]),
  ]);
  try {
    if (task.recoveryKey !== null) {
      const wrapped = wrapForKey(task.boxKey, task.recoveryKey, 'counterfoil box key');
      backup.add(BOX_KEY, textContent(JSON.stringify(wrapped)));
    }
    for (const { name, path, bytes } of parts) {
      const onPiece = (piece: number) => {
        doneBytes += piece;
        task.onProgress?.(doneBytes, totalBytes);
      };
      backup.add(name, fileContent(path, bytes, onPiece));
    }
    const manifest = manifestOf(task, backup.files);
    backup.add(MANIFEST, textContent(JSON.stringify(manifest)));
    return { ...backup.finish(), manifest };
  } catch (error) {
    backup.abandon();
    throw error;
  }
}

interface Part extends NamedFile {
  readonly bytes: number | null;
}

function partsOf({ copy, figures, trailDir, files, withKeys }: BackupTask): (Part & { bytes: number })[] {
  const segments = LOGS.flatMap((log) => {
    const parts = segmentsUpTo(join(trailDir, log), figures.trails[log]);
    return parts.map(({ name, path, bytes }) => ({ name: `trail/${log}/${name}`, path, bytes }));
  });
  const wanted: Part[] = [
    { name: BUFFER, path: copy, bytes: null },
    ...segments,
    ...filesBelow(join(trailDir, 'archive'), 'archive', ARCHIVE_DEPTH).map((file) => ({ ...file, bytes: null })),
    ...files.filter(({ name }) => withKeys || !name.startsWith('keys/')).map((file) => ({ ...file, bytes: null })),
  ];
  return wanted.map((part) => ({ ...part, bytes: part.bytes ?? sizeOf(part.path) }));
}

function sizeOf(path: string): number {
  const file = openSync(path, 'r');
  try {
    return fstatSync(file).size;
  } finally {
    closeSync(file);
  }
}

function filesBelow(directory: string, name: string, depth: number): NamedFile[] {
  if (depth === 0 || !existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const below = { name: `${name}/${entry.name}`, path: join(directory, entry.name) };
    if (entry.isDirectory()) return filesBelow(below.path, below.name, depth - 1);
    return entry.isFile() && isEntryName(below.name) ? [below] : [];
  });
}

/** The first `bytes` of a file, which may have grown since. */
function fileContent(path: string, bytes: number, onPiece: (bytes: number) => void): Content {
  return { bytes, pieces: piecesOf(path, bytes, onPiece) };
}

function* piecesOf(path: string, bytes: number, onPiece: (bytes: number) => void): Generator<Buffer> {
  const file = openSync(path, 'r');
  try {
    const piece = Buffer.alloc(PIECE_BYTES);
    for (let at = 0; at < bytes; ) {
      const got = readSync(file, piece, 0, Math.min(PIECE_BYTES, bytes - at), at);
      if (got === 0) return;
      yield piece.subarray(0, got);
      onPiece(got);
      at += got;
    }
  } finally {
    closeSync(file);
  }
}

function textContent(text: string): Content {
  const bytes = Buffer.from(text);
  return { bytes: bytes.length, pieces: [bytes] };
}

function manifestOf(task: BackupTask, files: readonly FileFigures[]): Manifest {
  return {
    manifest: 1,
    version: task.version,
    created_at_utc: task.createdAtUtc,
    store: task.store,
    box_key: task.recoveryKey === null ? 'absent' : 'wrapped',
    with_keys: task.withKeys,
    buffer: task.figures,
    files: [...files],
  };
}
