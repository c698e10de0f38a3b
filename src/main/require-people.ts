/** Production has named users: somebody who keeps the box, and somebody who answers for its records. */
import { existsSync } from 'node:fs';
import type { Config } from '../base/config/load.ts';
import { CounterfoilError } from '../base/errors.ts';
import { bufferPaths } from '../buffer/files.ts';
import { peoplePath, readPeople } from '../people/store.ts';

const NEEDED = ['it', 'compliance'] as const;

/**
 * Throws `config_invalid` (exit 78) when a production gateway is to be commissioned without them, or their file cannot be
 * used. One that holds records already goes on capturing: its health fails instead (`src/health/checks/access.ts`).
 */
export function requirePeople(config: Config): void {
  if (!config.production || existsSync(bufferPaths(config.dataDir).db)) return;
  const able = readPeople(peoplePath(config.dataDir)).users.filter(({ disabled }) => !disabled);
  const missing = NEEDED.filter((role) => !able.some(({ roles }) => roles.includes(role)));
  if (missing.length === 0) return;
  throw new CounterfoilError(
    'config_invalid',
    `production: nobody has the role ${missing.join(' and nobody the role ')}`,
    'Nothing was started. Add them: counterfoil user add NAME --printed-name "…" --role it --config FILE.',
  );
}
