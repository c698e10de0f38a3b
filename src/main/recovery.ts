/** The box key once more on the box's disk, for the chain's recovery key: what `rescue` opens a dead box with. */
import { readFileSync } from 'node:fs';
import { recoveryPublicKey } from '../backup/recipients.ts';
import { keepRecoveryCopy } from '../backup/recovery-copy.ts';
import type { Config } from '../base/config/load.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { bufferPaths, readBoxKey } from '../buffer/files.ts';

/**
 * Before the first lane is served. Without a recovery key nothing is done, and health has nothing to say: a box whose disk
 * can be read holds its key beside the buffer.
 * @throws CounterfoilError `config_unreadable`, `config_invalid` for a key file that cannot be used, `storage_io`.
 */
export function keepForRecovery({ dataDir, recovery }: Config, log: Log): void {
  const path = recovery.publicKeyFile;
  if (path === null) return;
  const key = recoveryPublicKey(readPem(path), path);
  if (keepRecoveryCopy(dataDir, readBoxKey(bufferPaths(dataDir)), key)) {
    log.info('the box key was wrapped for the recovery key');
  }
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CounterfoilError(
      'config_unreadable',
      `cannot read ${path}: ${messageOf(error)}`,
      'Check recovery.public_key_file.',
      error,
    );
  }
}
