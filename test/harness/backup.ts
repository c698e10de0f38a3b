/** A recovery key pair on disk, and small backups to be damaged. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RecoveryKey {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly publicFile: string;
  readonly privateFile: string;
}

/** Makes the pair as the manual says, without a passphrase. */
export function recoveryKey(folder: string, type: 'x25519' | 'rsa' = 'x25519'): RecoveryKey {
  const pair = type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 3072 }) : generateKeyPairSync('x25519');
  const publicFile = join(folder, 'recovery.pub.pem');
  const privateFile = join(folder, 'recovery.pem');
  writeFileSync(publicFile, pair.publicKey.export({ format: 'pem', type: 'spki' }));
  writeFileSync(privateFile, pair.privateKey.export({ format: 'pem', type: 'pkcs8' }));
  chmodSync(privateFile, 0o600);
  return { ...pair, publicFile, privateFile };
}
