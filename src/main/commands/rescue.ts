/** `counterfoil rescue`: what a dead box's disk still holds, and a gateway made of it. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { cutSegments } from '../../backup/cut-trail.ts';
import { copyDeadBox, type DeadBox, findDeadBox } from '../../backup/dead-disk.ts';
import { dropStage, openStage, type Places, placeStage, type Stage } from '../../backup/place.ts';
import { openRecoveryCopy } from '../../backup/recovery-copy.ts';
import { systemClock } from '../../base/clock.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { foldLog } from '../../buffer/copy.ts';
import { type CopyFigures, figuresOf } from '../../buffer/copy-figures.ts';
import { type Unsynced, unsyncedOf } from '../../buffer/copy-unsynced.ts';
import type { EpochOpened } from '../../buffer/epoch.ts';
import { prepareDataDir } from '../../buffer/files.ts';
import { openRestoredEpoch } from '../../buffer/restored-epoch.ts';
import { LOGS, verifyTrail } from '../../inspect/verify.ts';
import { type Checked, checkUnpacked, type Finding } from './backup-check.ts';
import { inScratch, readBoxKeyFile, unlockOf } from './backup-open.ts';
import { type CommandIo, processIo } from './io.ts';
import { type Person, terminalPerson } from './person.ts';
import { progressBar } from './progress.ts';

export interface RescueFlags {
  readonly disk: string;
  readonly trailDisk?: string;
  readonly key?: string;
  readonly passphraseFile?: string;
  readonly boxKey?: string;
  readonly to?: string;
  readonly trail?: string;
  readonly evenSo?: true;
  readonly scratch?: string;
  readonly json?: true;
}

export function rescueCommand(): Command {
  return new Command('rescue')
    .description("read a dead box's disk: what is unsynced, and a gateway made of it")
    .requiredOption('--disk <directory>', "the dead box's data partition, mounted (read-only is enough)")
    .option('--trail-disk <directory>', 'its trail partition, where that was another one')
    .option('--key <file>', 'the recovery private key (PEM); without it the box.key on the disk is used')
    .option('--passphrase-file <file>', 'file with the passphrase of that key')
    .option('--box-key <file>', 'a copy of its box.key')
    .option('--to <directory>', 'the new data_dir; without it nothing is made, only looked at')
    .option('--trail <directory>', 'the new trail_dir (default: trail below --to)')
    .option('--even-so', 'go on although something of the disk is damaged; what is damaged is said')
    .option('--scratch <directory>', 'where to copy for a look (default: the system’s temporary directory)')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action(async (flags: RescueFlags) => await rescue(flags));
}

const HELP = `
The disk is only read. A rescued gateway starts in a new epoch that names the dead one: what had not reached the PMS is sent,
the PMS answers "duplicate" for what it has, and tills send again what they keep. Never start the dead box again.`;

interface Rescued {
  readonly checked: Checked;
  readonly gatewayId: string;
  readonly epoch: string;
  readonly unsynced: readonly Unsynced[];
  readonly opened: EpochOpened | null;
}

export async function rescue(
  flags: RescueFlags,
  io: CommandIo = processIo,
  person: Person = terminalPerson,
): Promise<void> {
  process.umask(0o077);
  const box = findDeadBox(resolve(flags.disk), flags.trailDisk === undefined ? null : resolve(flags.trailDisk));
  const boxKey = await boxKeyOf(box, flags, person);
  const places = placesOf(flags);
  const found =
    places === null
      ? await inScratch(flags.scratch, (folder) => examine(box, { data: folder, trail: folder }, boxKey))
      : await rescueInto(box, places, boxKey, flags.evenSo === true);
  tell(flags, box, places, found, io);
}

function placesOf({ to, trail }: RescueFlags): Places | null {
  if (to === undefined) return null;
  const dataDir = resolve(to);
  return { dataDir, trailDir: resolve(trail ?? join(dataDir, 'trail')) };
}

async function boxKeyOf({ dataDir }: DeadBox, flags: RescueFlags, person: Person): Promise<Buffer> {
  if (flags.boxKey !== undefined) return readBoxKeyFile(flags.boxKey);
  if (flags.key === undefined) {
    const own = join(dataDir, 'box.key');
    if (existsSync(own)) return readBoxKeyFile(own);
    throw new CounterfoilError(
      'key_missing',
      `there is no box.key in ${dataDir}, and without it or the recovery key nobody can read the records`,
      'Give the recovery private key with --key, or a copy of box.key with --box-key.',
    );
  }
  const unlock = await unlockOf(flags, person);
  if (!('key' in unlock)) throw new CounterfoilError('usage', '--key is missing', 'Give the recovery private key.');
  return openRecoveryCopy(dataDir, unlock.key);
}

/** Copies and checks; the copy of the buffer is one file then. */
function examine(box: DeadBox, stage: Stage, boxKey: Buffer): Rescued {
  const bar = progressBar('rescue');
  copyDeadBox({ ...box, ...stage, onProgress: bar.show });
  bar.end();
  const copy = join(stage.data, 'buffer.db');
  foldLog(copy);
  const buffer = figuresOf(copy);
  const trailDir = join(stage.trail, 'trail');
  const cut = cutBehind(trailDir, buffer);
  const verdict = checkUnpacked({ manifest: { buffer }, copy, trailDir, boxKey });
  const checked = { ...verdict, findings: [...verdict.findings, ...cut] };
  const { epoch, gateway_id: gatewayId } = buffer;
  return { checked, gatewayId, epoch, unsynced: unsyncedOf(copy), opened: null };
}

/** Segments that know more than the buffer: so it is with a mirror, and with a partition that has outlived the other one. */
function cutBehind(trailDir: string, { trails }: CopyFigures): Finding[] {
  return LOGS.flatMap((log) => {
    if (!existsSync(join(trailDir, log))) return [];
    const entries = verifyTrail({ directory: trailDir, log, key: null, witnesses: [] }).logs[log]?.entries ?? 0;
    const behind = entries - trails[log].size;
    if (behind <= 0) return [];
    cutSegments(join(trailDir, log), trails[log]);
    const what = `trail ${log} goes on for ${behind} entries this buffer does not know; it goes on from the buffer’s end here, and those stay on the disk`;
    return [{ ok: true, what }];
  });
}

async function rescueInto(box: DeadBox, places: Places, boxKey: Buffer, evenSo: boolean): Promise<Rescued> {
  prepareDataDir(places.dataDir);
  const stage = openStage(places);
  try {
    const found = examine(box, stage, boxKey);
    if (!found.checked.ok && !evenSo) {
      dropStage(stage);
      return found;
    }
    const path = join(stage.data, 'buffer.db');
    const backup = await hashOf(path);
    const madeAtMs = newestWrite(box.dataDir);
    const opened = openRestoredEpoch({ path, boxKey, backup, madeAtMs, act: null }, systemClock);
    placeStage(places, stage, boxKey);
    return { ...found, opened };
  } catch (error) {
    // Names may have been given already; then the folders stay, and say that the rescue is not complete.
    if (!existsSync(join(places.dataDir, 'box.key'))) dropStage(stage);
    throw error;
  }
}

/** When the dead box last wrote, by its own clock. */
function newestWrite(dataDir: string): number {
  const times = ['buffer.db', 'buffer.db-wal'].map(
    (name) => statSync(join(dataDir, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
  );
  return Math.trunc(Math.max(...times));
}

/** SHA-256, base64: by it the trail says from which file the epoch began. */
async function hashOf(path: string): Promise<string> {
  const sum = createHash('sha256');
  for await (const piece of createReadStream(path)) sum.update(piece as Buffer);
  return sum.digest('base64');
}

function tell(flags: RescueFlags, box: DeadBox, places: Places | null, found: Rescued, io: CommandIo): void {
  const { checked, epoch, gatewayId, opened, unsynced } = found;
  if (!checked.ok) io.exitWith(1);
  if (flags.json === true) {
    const { ok, findings } = checked;
    io.write(`${JSON.stringify({ ok, findings, gateway_id: gatewayId, epoch, unsynced, opened, ...box })}\n`);
    return;
  }
  const waiting = unsynced.map(({ schedule, state, records }) => `  ${records} of schedule ${schedule}, ${state}`);
  const lines = [
    `${box.dataDir}: gateway ${gatewayId}, epoch ${epoch}`,
    ...checked.findings.map(({ ok, what }) => `${ok ? 'holds ' : 'WRONG '} ${what}`),
    ...(box.trailDir === null ? ['NO TRAIL was found: name its partition with --trail-disk.'] : []),
    waiting.length === 0 ? 'Everything has reached the PMS.' : 'Not at the PMS yet:',
    ...waiting,
    ...ending(checked.ok, places, opened),
  ];
  io.write(`${lines.join('\n')}\n`);
}

function ending(ok: boolean, places: Places | null, opened: EpochOpened | null): string[] {
  if (places === null) return ['Nothing was made. With --to a gateway is made of it.'];
  if (opened === null) {
    return ok ? [] : ['Something is damaged: nothing was made. Look at it; with --even-so it is taken as it is.'];
  }
  const { carried, epoch, predecessor } = opened;
  return [
    `Rescued to ${places.dataDir}: epoch ${epoch} follows ${predecessor}; ${carried} records go along with new numbers.`,
    'Write a configuration with the same gateway.id and start it. Never start the dead box again.',
  ];
}
