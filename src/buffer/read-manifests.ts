/** The manifests of a data directory, read without its key and beside a running gateway. */
import { existsSync } from 'node:fs';
import { CounterfoilError } from '../base/errors.ts';
import type { Manifest } from './api.ts';
import { bufferPaths, openForReading } from './files.ts';
import { RunReader } from './run-reader.ts';
import { storageError } from './storage-error.ts';

export interface ManifestFile {
  readonly manifests: readonly Manifest[];
  /** The gateway's public keys (SPKI, DER) by kid. Whoever trusts nobody takes the key from elsewhere. */
  readonly publicKeys: ReadonlyMap<string, Buffer>;
}

/** Throws `config_unreadable` where no buffer is, and what opening a buffer throws. */
export function readManifests(dataDir: string): ManifestFile {
  const { db: path } = bufferPaths(dataDir);
  if (!existsSync(path)) {
    throw new CounterfoilError(
      'config_unreadable',
      `there is no buffer.db in ${dataDir}`,
      'Name the data directory of a gateway with --data-dir, or its configuration with --config.',
    );
  }
  const db = openForReading(path);
  try {
    const reader = new RunReader(db);
    return { manifests: reader.manifests(), publicKeys: reader.publicKeys() };
  } catch (error) {
    throw storageError(error);
  } finally {
    db.close();
  }
}
