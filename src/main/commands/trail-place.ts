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

/** A moment in ms since 1970; a day alone is its first moment, or its last. @throws CounterfoilError `usage`. */
export function timeOf(text: string, isEnd: boolean): number {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const ms = Date.parse(day ? `${text}T${isEnd ? '23:59:59.999' : '00:00:00.000'}Z` : text);
  const isMoment = day || /T.*(Z|[+-]\d{2}:\d{2})$/.test(text);
  if (Number.isNaN(ms) || !isMoment) {
    throw new CounterfoilError('usage', `"${text}" is no time`, 'Write 2026-11-25, or 2026-11-25T09:00:00Z.');
  }
  return ms;
}

/** A whole number given with an option. @throws CounterfoilError `usage`. */
export function whole(text: string, option: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0 && text !== '') return value;
  throw new CounterfoilError('usage', `${option} ${text} is no whole number`, 'Give a number such as 42.');
}
