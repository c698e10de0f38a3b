/** `counterfoil backup create`: beside a running gateway, or while it is stopped. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type BackupMade, createBackup, type NamedFile } from '../../backup/create.ts';
import { recoveryPublicKey } from '../../backup/recipients.ts';
import { systemClock, toUtcText } from '../../base/clock.ts';
import { type LoadedConfig, loadConfigFully } from '../../base/config/load.ts';
import { readSecretFile } from '../../base/config/secrets.ts';
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import { copyBuffer } from '../../buffer/copy.ts';
import { figuresOf } from '../../buffer/copy-figures.ts';
import { bufferPaths, readBoxKey } from '../../buffer/files.ts';
import { noteOffline } from '../../buffer/note-offline.ts';
import { type BackupNote, backupNoted } from '../../control/backup.ts';
import { callGateway } from '../../control/client.ts';
import { laneFiles } from '../../enrolment/files.ts';
import { peoplePath } from '../../people/store.ts';
import { VERSION } from '../version.ts';
import { type CommandIo, processIo } from './io.ts';
import { progressBar } from './progress.ts';

export interface CreateFlags {
  readonly config: string;
  readonly to: string;
  readonly withKeys?: true;
  readonly passphraseFile?: string;
  readonly scratch?: string;
  readonly json?: true;
}

const COPY_NAME = /^backup-(\d+)\.copy(-journal)?$/;

/** Makes a backup and has the trail tell of it. Failures are thrown as `CounterfoilError`. */
export async function createCommand(flags: CreateFlags, io: CommandIo = processIo): Promise<void> {
  process.umask(0o077);
  const loaded = loadConfigFully({ file: flags.config, env: io.env });
  const recipients = recipientsOf(flags, loaded);
  const { dataDir, gateway } = loaded.config;
  const paths = bufferPaths(dataDir);
  if (!existsSync(paths.db)) {
    throw new CounterfoilError(
      'config_invalid',
      `there is no buffer in ${dataDir}`,
      'Check data_dir; a first start makes one.',
    );
  }
  if (existsSync(flags.to)) {
    throw new CounterfoilError('usage', `${flags.to} is there already`, 'Name a new file; a backup replaces no other.');
  }
  const boxKey = readBoxKey(paths);
  const scratch = flags.scratch ?? dataDir;
  const copy = freshCopy(scratch);
  const bar = progressBar('backup');
  let made: BackupMade;
  try {
    const createdAtUtc = toUtcText(systemClock.utcMs());
    copyBuffer(paths, copy, scratch);
    made = createBackup({
      to: flags.to,
      version: VERSION,
      createdAtUtc,
      store: gateway.store,
      copy,
      figures: figuresOf(copy),
      trailDir: loaded.config.trailDir,
      files: filesOf(flags.config, loaded),
      withKeys: flags.withKeys === true,
      boxKey,
      ...recipients,
      onProgress: bar.show,
    });
  } finally {
    bar.end();
    rmSync(copy, { force: true });
  }
  const noted = await tellTrail(dataDir, made, flags.withKeys === true);
  report(flags, made, noted, io);
}

function recipientsOf(flags: CreateFlags, { config }: LoadedConfig) {
  const { publicKeyFile } = config.recovery;
  const passphrase = flags.passphraseFile === undefined ? null : readSecretFile(flags.passphraseFile);
  if (publicKeyFile === null && passphrase === null) {
    throw new CounterfoilError(
      'config_invalid',
      'there is nobody for whom the backup could be encrypted',
      'Set recovery.public_key_file (docs/OPERATIONS.md says how to make the pair), or give --passphrase-file; without the recovery key the backup lacks box.key, so keep a copy of that elsewhere.',
    );
  }
  const recoveryKey = publicKeyFile === null ? null : recoveryPublicKey(readPem(publicKeyFile), publicKeyFile);
  return { recoveryKey, passphrase };
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

/** A name for the copy of the buffer. What a backup that was killed has left is removed. */
function freshCopy(scratch: string): string {
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(scratch)) {
    const pid = COPY_NAME.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(scratch, name), { force: true });
  }
  return join(scratch, `backup-${process.pid}.copy`);
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** The configuration and the files it names, each under the key that names it. */
function filesOf(configFile: string, { tree, config }: LoadedConfig): NamedFile[] {
  const signer = join(config.dataDir, 'trail-signer.key');
  return [
    { name: 'config/gateway.yaml', path: configFile },
    // Verifiers and sealed keys only, so it is in every backup: a restored gateway has its users.
    { name: `config/${basename(peoplePath(config.dataDir))}`, path: peoplePath(config.dataDir) },
    // The same with its lanes: their authority's key is sealed under the box key.
    ...laneFiles(config.dataDir).map((path) => ({ name: `config/lanes/${basename(path)}`, path })),
    ...namedIn(tree, []),
    ...(existsSync(signer) ? [{ name: 'keys/trail-signer.key', path: signer }] : []),
  ].filter(({ path }) => existsSync(path));
}

function namedIn(value: unknown, key: readonly string[]): NamedFile[] {
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, below]) => namedIn(below, [...key, name]));
  }
  const last = key.at(-1) ?? '';
  if (typeof value !== 'string' || !(last.endsWith('_file') || last === 'product_table')) return [];
  const isOpen = /^(public_key|roster|cert|.*ca|.*cert)_file$/.test(last) || last === 'product_table';
  return [{ name: `${isOpen ? 'config' : 'keys'}/${key.join('.')}`, path: value }];
}

/** Index of the trail's entry, or why there is none: the backup is good all the same. */
async function tellTrail(
  dataDir: string,
  { manifest, hash, bytes }: BackupMade,
  withKeys: boolean,
): Promise<number | string> {
  const { records, trails } = manifest.buffer;
  const body: BackupNote = {
    bytes,
    hash,
    records,
    sizes: [trails.audit.size, trails.schedule_two.size],
    with_keys: withKeys,
  };
  try {
    return (await callGateway(dataDir, 'backup.note', body, backupNoted)).index;
  } catch (error) {
    if (!(error instanceof CounterfoilError) || error.code !== 'gateway_unreachable') return messageOf(error);
  }
  try {
    return noteOffline(dataDir, systemClock, 'audit', 'backup', body).index;
  } catch (error) {
    return messageOf(error);
  }
}

function report(
  flags: CreateFlags,
  { manifest, hash, bytes }: BackupMade,
  noted: number | string,
  io: CommandIo,
): void {
  const { records, states, trails } = manifest.buffer;
  if (typeof noted === 'string') {
    process.stderr.write(`warning: the backup is complete, but the trail does not tell of it: ${noted}\n`);
  }
  const index = typeof noted === 'number' ? noted : null;
  const sha256 = Buffer.from(hash, 'base64').toString('hex');
  if (flags.json === true) {
    const { box_key, with_keys, buffer } = manifest;
    io.write(`${JSON.stringify({ file: flags.to, bytes, sha256, trail_index: index, box_key, with_keys, buffer })}\n`);
    return;
  }
  const counts = Object.entries(states).map(([state, count]) => `${count} ${state}`);
  io.write(
    `${flags.to}: ${bytes} bytes, sha256 ${sha256}\n` +
      `${records} records (${counts.join(', ') || 'none'}), trail audit ${trails.audit.size} entries, schedule_two ${trails.schedule_two.size}\n` +
      (index === null ? '' : `told in trail audit, entry ${index}\n`) +
      (manifest.box_key === 'absent' ? 'box.key is NOT in it: without box.key nobody can read the records.\n' : '') +
      'Try it: counterfoil backup restore FILE --to DIRECTORY --key recovery.pem --rehearse\n',
  );
}
