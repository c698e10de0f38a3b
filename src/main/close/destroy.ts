/**
 * Destroys the keys of a gateway: written over, synced, removed. On flash the device keeps old blocks out of sight until it uses
 * them again, so the writing over is worth what the device makes of it; that the records can be read no more comes from all keys being
 * gone at once. A power cut leaves some of them destroyed; the next run takes the rest.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fstatSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LoadedConfig } from '../../base/config/load.ts';
import { syncDirectory } from '../../base/durable.ts';
import { bufferPaths } from '../../buffer/files.ts';
import { lanePaths } from '../../enrolment/files.ts';
import { peoplePath } from '../../people/store.ts';
import { ownKeyFolder } from '../reports/signer.ts';

/** Names of settings whose files are secrets. */
const SECRET = /(^|_)(key|token|password|passphrase)_file$/;
const NO_SECRET = 'public_key_file';

/** Every file with a key, token or password of this gateway; what opens the records comes last. */
export function keyFiles({ config, tree }: LoadedConfig): string[] {
  const { dataDir } = config;
  const boxKey = bufferPaths(dataDir).boxKey;
  const files = [
    ...named(tree, ''),
    join(ownKeyFolder(config), 'key.pem'),
    lanePaths(dataDir).key,
    peoplePath(dataDir),
    join(dataDir, 'trail-signer.key'),
    `${boxKey}.recovery`,
    boxKey,
  ];
  return [...new Set(files)].filter((path) => existsSync(path));
}

function named(value: unknown, key: string): string[] {
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, below]) => named(below, name));
  }
  return typeof value === 'string' && SECRET.test(key) && key !== NO_SECRET ? [value] : [];
}

/** Destroys them in this order; gives those that could not be. */
export function destroyFiles(paths: readonly string[]): string[] {
  return paths.filter((path) => !isDestroyed(path));
}

function isDestroyed(path: string): boolean {
  try {
    const file = openSync(path, 'r+');
    try {
      writeSync(file, randomBytes(fstatSync(file).size), 0, undefined, 0);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    rmSync(path);
    syncDirectory(dirname(path));
    return true;
  } catch {
    // Another's file, or a read-only place: told to the person, who does it by hand.
    return !existsSync(path);
  }
}
