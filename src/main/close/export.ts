/** What a closing brings out: final backup, trail, report, and proof that each of them can be read, before a key is destroyed. */
import { createHash, hash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { syncDirectory, syncFile } from '../../base/durable.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { planExport, writeExport } from '../../inspect/export.ts';
import { directorySink } from '../../inspect/tar.ts';
import { findLogs, verifyTrail } from '../../inspect/verify.ts';
import { createCommand } from '../commands/backup-create.ts';
import { verifyCommand } from '../commands/backup-restore.ts';
import type { CommandIo } from '../commands/io.ts';
import type { Person } from '../commands/person.ts';

export const BACKUP_FILE = 'final-backup.cfb';
const TRAIL_FOLDER = 'trail';

/** Collects what a command says instead of printing it. */
function quietly(env: NodeJS.ProcessEnv): { io: CommandIo; said: () => string; code: () => number } {
  let text = '';
  let exitCode = 0;
  const io: CommandIo = {
    env,
    write: (more) => {
      text += more;
    },
    exitWith: (code) => {
      exitCode = code;
    },
  };
  return { io, said: () => text, code: () => exitCode };
}

/** The folder of the export, made where it is not there. @throws CounterfoilError `usage` when it holds something else. */
export function openFolder(to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  if (readdirSync(to).length === 0) return;
  throw new CounterfoilError('usage', `${to} is not empty`, 'Name a new folder on a medium that leaves the box.');
}

/** Makes the final backup, in place of one that an interrupted closing has left. @throws as `backup create`. */
export async function backUp(config: string, to: string, env: NodeJS.ProcessEnv): Promise<void> {
  const file = join(to, BACKUP_FILE);
  rmSync(file, { force: true });
  await createCommand({ config, to: file, json: true }, quietly(env).io);
}

/**
 * Opens the final backup with the recovery private key and reads all of it: the proof that the records can still be read
 * when this box's keys are gone. @throws CounterfoilError `backup_damaged` with what does not hold, and as `backup verify`.
 */
export async function verifyBackup(
  to: string,
  flags: { readonly recoveryKey: string; readonly recoveryPassphraseFile?: string | undefined },
  env: NodeJS.ProcessEnv,
  person: Person,
): Promise<void> {
  const { io, said, code } = quietly(env);
  const passphrase = flags.recoveryPassphraseFile === undefined ? {} : { passphraseFile: flags.recoveryPassphraseFile };
  await verifyCommand(join(to, BACKUP_FILE), { key: flags.recoveryKey, ...passphrase }, io, person);
  if (code() === 0) return;
  throw new CounterfoilError('backup_damaged', `the final backup does not hold:\n${said()}`, 'Nothing was destroyed.');
}

/**
 * Both trails with how to check them, as `trail export` writes them, in place of what an interrupted closing has left, and
 * verified where they lie. @throws CounterfoilError `trail_damaged`, `storage_full`, `storage_io`.
 */
export function exportTrail(trailDir: string, to: string): void {
  const folder = join(to, TRAIL_FOLDER);
  rmSync(folder, { recursive: true, force: true });
  const plan = planExport({ logs: findLogs(trailDir, null), key: null, fromMs: null, toMs: null, tiles: false });
  writeExport(plan, false, directorySink(folder));
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) syncFile(path);
    else syncDirectory(path);
  }
  syncDirectory(folder);
  syncDirectory(to);
  const { ok, logs } = verifyTrail({ directory: folder, log: null, key: null, witnesses: [] });
  const entries = Object.values(logs).map((log) => log.entries);
  if (ok && entries.join() === plan.logs.map((log) => log.entries).join()) return;
  const hint = 'Nothing was destroyed. "counterfoil trail verify" says what is wrong; then run this again.';
  throw new CounterfoilError('trail_damaged', `the exported trail in ${folder} does not hold`, hint);
}

/** Throws `backup_damaged` when a file is no more what it was when it was verified. */
export async function requireUnchanged(to: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, expected] of Object.entries(files)) {
    const path = join(to, name);
    if (existsSync(path) && (await hashOf(path)) === expected) continue;
    const hint = 'Nothing was destroyed. Put the medium back, or move closing.json away and begin anew.';
    throw new CounterfoilError('backup_damaged', `${path} is not what was verified`, hint);
  }
}

/** SHA-256 of a file of any size, hex. */
export async function hashOf(path: string): Promise<string> {
  const sum = createHash('sha256');
  await pipeline(createReadStream(path), sum);
  return sum.digest('hex');
}

/** SHA-256 in hex as trail entries have it. */
export const inBase64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

export const textHash = (text: string): string => hash('sha256', text, 'base64');
