/** Which gateway of this box a command is about: found by its data directory. */
import { findConfigFile, loadConfig } from '../../base/config/load.ts';
import { CounterfoilError } from '../../base/errors.ts';

export interface DataDirFlags {
  readonly config?: string;
  readonly dataDir?: string;
}

/** The data directory, named or taken from the configuration. Throws `usage` when neither is there. */
export function dataDirOf({ config, dataDir }: DataDirFlags, env: NodeJS.ProcessEnv): string {
  if (dataDir !== undefined) return dataDir;
  const file = config ?? findConfigFile(env);
  if (file !== undefined) return loadConfig({ file, env }).dataDir;
  throw new CounterfoilError('usage', 'which gateway?', 'Name it with --config or --data-dir.');
}
