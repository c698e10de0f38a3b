/** Files a target names. They are read at each attempt, so a password that was mended counts without a restart. */
import { readFileSync } from 'node:fs';
import { readSecretFile } from '../../base/config/secrets.ts';
import { messageOf } from '../../base/errors.ts';
import { DeliveryFault } from './faults.ts';

/** `secret`: refused when other users may read it. Throws `DeliveryFault` `secret_unreadable`. */
export function readOwnFile(path: string, kind: 'secret' | 'public'): string {
  try {
    return kind === 'secret' ? readSecretFile(path) : readFileSync(path, 'utf8');
  } catch (error) {
    throw new DeliveryFault('secret_unreadable', messageOf(error), error);
  }
}
