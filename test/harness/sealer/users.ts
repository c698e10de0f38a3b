/**
 * Programs as other users: the sealer with one capability, the gateway with none and an empty bounding set, both as their
 * units start them. The checkout may lie where other users cannot look, so a program sees it through a mount of its own
 * that vanishes with it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from '../gateway.ts';
import { Program } from '../program.ts';

/** The group that sealer and gateway share. */
const GROUP = 64_202;

export interface User {
  readonly uid: number;
  /** Default: the group that sealer and gateway share. */
  readonly gid?: number;
  /** Capabilities it keeps, as setpriv(1) names them. */
  readonly capabilities: string;
}

export const SEALER: User = { uid: 64_201, capabilities: '-all,+linux_immutable' };
export const GATEWAY: User = { uid: 64_203, capabilities: '-all' };
/** Somebody else on the box. */
export const STRANGER: User = { uid: 64_299, gid: 64_299, capabilities: '-all' };

/** Makes a folder of a user's. */
export function ownFolder(path: string, { uid }: User, mode: string): string {
  execFileSync('install', ['-d', '-o', String(uid), '-g', String(GROUP), '-m', mode, path]);
  return path;
}

/** Whether these tests can run here: root with loop devices, mounts and the programs for it. */
export function canBeOthers(): boolean {
  if (process.getuid?.() !== 0) return false;
  return ['unshare', 'setpriv', 'mkfs.ext4', 'chattr', 'losetup'].every(
    (name) => spawnSync(name, ['--version']).error === undefined,
  );
}

/** Starts Node.js with a file of this checkout (path from its root), as that user. */
export function startNode(
  folder: string,
  user: User,
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Program {
  const place = join(folder, 'program');
  mkdirSync(place, { recursive: true, mode: 0o755 });
  const inside = relative(ROOT, process.execPath);
  const node = inside.startsWith('..') ? process.execPath : join(place, inside);
  const preload = env.PRELOAD === undefined ? [] : ['--import', join(place, env.PRELOAD)];
  const script = 'mount --bind "$0" "$1" && shift && cd / && exec "$@"';
  const command = [...privileges(user), node, ...preload, join(place, file), ...args];
  const wrapped = ['--mount', '--propagation', 'private', 'sh', '-c', script, ROOT, place, ...command];
  return Program.start('unshare', wrapped, { env: { PATH: process.env.PATH, ...env } });
}

/** Runs a program to its end as that user, with a text on standard input; gives its output. Throws what it said when it fails. */
export function runAs(user: User, input: string, ...command: readonly string[]): string {
  const [program = '', ...args] = [...privileges(user), ...command];
  // A program that fails may not have read its input: how it ended says more than a broken pipe.
  const { status, stdout, stderr, error } = spawnSync(program, args, { input, encoding: 'utf8', cwd: '/' });
  if (status === 0) return stdout;
  throw new Error(`${command[0]} ended with ${status}: ${stderr || error?.message}`);
}

/** Starts a program as that user. */
export function startAs(user: User, ...command: readonly string[]): Program {
  const [program = '', ...args] = [...privileges(user), ...command];
  return Program.start(program, args, { cwd: '/' });
}

function privileges({ uid, gid = GROUP, capabilities }: User): string[] {
  return [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--no-new-privs',
    `--inh-caps=${capabilities}`,
    `--ambient-caps=${capabilities}`,
    `--bounding-set=${capabilities}`,
  ];
}
