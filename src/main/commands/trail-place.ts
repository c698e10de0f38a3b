/** Which trail a command is about. */
import type { Command } from 'commander';
import { findConfigFile, loadConfig } from '../../base/config/load.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { LOGS, type LogName } from '../../inspect/verify.ts';

/** Adds what says where the trail is. */
export function withPlace(command: Command): Command {
  return command
    .argument('[directory]', 'directory of the trail (it holds "audit" and "schedule_two"), or a copy of it')
    .option('--config <file>', "the gateway's configuration file; the directory is taken from there")
    .option('--log <name>', `one trail only: ${LOGS.join(' or ')}`);
}

/** The directory that is meant. @throws CounterfoilError `usage` when none is named. */
export function trailDirectory(
  directory: string | undefined,
  config: string | undefined,
  env: NodeJS.ProcessEnv,
): string {
  if (directory !== undefined) return directory;
  const file = config ?? findConfigFile(env);
  if (file !== undefined) return loadConfig({ file, env }).trailDir;
  throw new CounterfoilError('usage', 'which trail?', 'Name its directory, or the configuration with --config.');
}

/** The trail named by --log, null for both. @throws CounterfoilError `usage`. */
export function logNamed(name: string | undefined): LogName | null {
  if (name === undefined) return null;
  const found = LOGS.find((log) => log === name);
  if (found === undefined)
    throw new CounterfoilError('usage', `there is no trail "${name}"`, `Write ${LOGS.join(' or ')}.`);
  return found;
}
