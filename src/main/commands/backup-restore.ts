/** `counterfoil backup verify` and `restore`: what is in a backup, and making a gateway's directory of it. */
import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Manifest } from '../../backup/manifest.ts';
import { dropStage, openStage, type Places, placeStage, type Stage } from '../../backup/place.ts';
import { unpack } from '../../backup/unpack.ts';
import { systemClock } from '../../base/clock.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { figuresOf } from '../../buffer/copy-figures.ts';
import type { EpochAct, EpochOpened } from '../../buffer/epoch.ts';
import { prepareDataDir } from '../../buffer/files.ts';
import type { PresentEpoch } from '../../buffer/open-epoch.ts';
import { openRestoredEpoch } from '../../buffer/restored-epoch.ts';
import { rosterOrRefuse } from '../../control/review/signer.ts';
import { readRosterFile } from '../read-roster.ts';
import { type Checked, checkUnpacked } from './backup-check.ts';
import { boxKeyOf, inScratch, type OpenFlags, unlockOf } from './backup-open.ts';
import { epochActBy, signerOf } from './epoch.ts';
import { type CommandIo, processIo } from './io.ts';
import { type Person, terminalPerson } from './person.ts';
import { progressBar } from './progress.ts';
import { openSigningKey } from './signing.ts';

export interface VerifyFlags extends OpenFlags {
  readonly json?: true;
}

export interface RestoreFlags extends VerifyFlags {
  readonly to: string;
  readonly trail?: string;
  readonly rehearse?: true;
  readonly roster?: string;
  readonly kid?: string;
  readonly signKey?: string;
  readonly signPassphraseFile?: string;
  readonly meaning?: string;
}

/** Reads all of a backup and says what holds. Ends with 1 where something does not. */
export async function verifyCommand(
  file: string,
  flags: VerifyFlags,
  io: CommandIo = processIo,
  person: Person = terminalPerson,
): Promise<void> {
  process.umask(0o077);
  const unlock = await unlockOf(flags, person);
  const bar = progressBar('verify');
  const verdict = await inScratch(flags.scratch, (folder) => {
    const task = { file, unlock, directoryFor: () => folder, durable: false, onProgress: bar.show };
    const unpacked = unpack(task);
    bar.end();
    const boxKey = boxKeyOf(unpacked, unlock, flags.boxKey);
    const { manifest } = unpacked;
    const checked = checkUnpacked({
      manifest,
      copy: join(folder, 'buffer.db'),
      trailDir: join(folder, 'trail'),
      boxKey,
    });
    return { manifest, checked };
  });
  tell(file, verdict, null, flags, io);
}

/** Makes a gateway's directory of a backup; with `rehearse` only tries it, in a temporary place. */
export async function restoreCommand(
  file: string,
  flags: RestoreFlags,
  io: CommandIo = processIo,
  person: Person = terminalPerson,
): Promise<void> {
  process.umask(0o077);
  const act = await actOf(flags, person);
  if (flags.rehearse === true) {
    const verdict = await inScratch(flags.scratch, async (folder) => {
      const places = { dataDir: join(folder, 'data'), trailDir: join(folder, 'trail') };
      return await restore(file, flags, places, act, person);
    });
    tell(file, verdict, null, flags, io);
    return;
  }
  const dataDir = resolve(flags.to);
  const places = { dataDir, trailDir: resolve(flags.trail ?? join(dataDir, 'trail')) };
  const verdict = await restore(file, flags, places, act, person);
  tell(file, verdict, places, flags, io);
}

interface Verdict {
  readonly manifest: Manifest;
  readonly checked: Checked;
  readonly opened?: EpochOpened;
}

type SignFor = (gatewayId: string) => (present: PresentEpoch) => EpochAct;

async function restore(
  file: string,
  flags: RestoreFlags,
  places: Places,
  sign: SignFor | null,
  person: Person,
): Promise<Verdict> {
  const unlock = await unlockOf(flags, person);
  prepareDataDir(places.dataDir);
  const stage = openStage(places);
  try {
    return restoreInto(stage, { file, unlock, flags, places, sign });
  } catch (error) {
    // Names may have been given already; then the folders stay, and say that the restore is not complete.
    if (!existsSync(join(places.dataDir, 'box.key'))) dropStage(stage);
    throw error;
  }
}

interface RestoreTask {
  readonly file: string;
  readonly unlock: Awaited<ReturnType<typeof unlockOf>>;
  readonly flags: RestoreFlags;
  readonly places: Places;
  readonly sign: SignFor | null;
}

function restoreInto(stage: Stage, { file, unlock, flags, places, sign }: RestoreTask): Verdict {
  const bar = progressBar('restore');
  const directoryFor = (name: string) => (/^(trail|archive)\//.test(name) ? stage.trail : stage.data);
  const unpacked = unpack({ file, unlock, directoryFor, durable: true, onProgress: bar.show });
  bar.end();
  const { manifest } = unpacked;
  const boxKey = boxKeyOf(unpacked, unlock, flags.boxKey);
  if (boxKey === null) {
    throw new CounterfoilError(
      'key_missing',
      'the backup does not give the box key to a passphrase, and a gateway cannot go on without it',
      'Open it with the recovery private key (--key), or name a copy of the dead box’s box.key with --box-key.',
    );
  }
  const copy = join(stage.data, 'buffer.db');
  const checked = checkUnpacked({ manifest, copy, trailDir: join(stage.trail, 'trail'), boxKey });
  if (!checked.ok) {
    dropStage(stage);
    return { manifest, checked };
  }
  const opened = openRestoredEpoch(
    {
      path: copy,
      boxKey,
      backup: hash('sha256', JSON.stringify(manifest), 'base64'),
      madeAtMs: Date.parse(manifest.created_at_utc),
      act: sign === null ? null : sign(manifest.buffer.gateway_id),
    },
    systemClock,
  );
  const whole = withEpoch(checked, manifest, figuresOf(copy), opened);
  placeStage(places, stage, boxKey);
  return { manifest, opened, checked: whole };
}

/** Opening the epoch must have changed nothing but the epoch. */
function withEpoch(
  checked: Checked,
  { buffer }: Manifest,
  now: Manifest['buffer'],
  { epoch, predecessor, carried }: EpochOpened,
): Checked {
  const ok = predecessor === buffer.epoch && now.epoch === epoch && now.records === buffer.records;
  const what = `epoch ${epoch} follows ${predecessor}; ${carried} records go along with new numbers`;
  return { ok: checked.ok && ok, findings: [...checked.findings, { ok, what }] };
}

/** Null when nobody signs. @throws CounterfoilError `usage` when only a part of a signature is given. */
async function actOf(
  { roster, kid, signKey, meaning, signPassphraseFile }: RestoreFlags,
  person: Person,
): Promise<SignFor | null> {
  if (roster === undefined && kid === undefined && signKey === undefined && meaning === undefined) return null;
  if (roster === undefined || kid === undefined || signKey === undefined || meaning === undefined) {
    throw new CounterfoilError(
      'usage',
      'a signature needs all of it',
      'Give --roster, --kid, --sign-key and --meaning, or none of them.',
    );
  }
  const known = rosterOrRefuse(readRosterFile(roster).roster);
  const signer = signerOf(known, kid);
  const passphrase = signPassphraseFile === undefined ? {} : { passphraseFile: signPassphraseFile };
  const key = await openSigningKey({ key: signKey, ...passphrase }, person);
  return (gatewayId) => epochActBy({ gatewayId, roster: known, signer, key, kid, meaning, reason: 'restored' });
}

function tell(
  file: string,
  { manifest, checked, opened }: Verdict,
  places: Places | null,
  flags: VerifyFlags,
  io: CommandIo,
): void {
  if (!checked.ok) io.exitWith(1);
  if (flags.json === true) {
    const { version, created_at_utc, box_key, with_keys, buffer, files } = manifest;
    io.write(
      `${JSON.stringify({ ok: checked.ok, findings: checked.findings, opened: opened ?? null, version, created_at_utc, box_key, with_keys, files: files.length, buffer })}\n`,
    );
    return;
  }
  const lines = [
    `${file}: made ${manifest.created_at_utc} by version ${manifest.version}, ${manifest.files.length} entries, every hash holds`,
    ...checked.findings.map(({ ok, what }) => `${ok ? 'holds ' : 'WRONG '} ${what}`),
    ...ending(checked.ok, manifest, places),
  ];
  io.write(`${lines.join('\n')}\n`);
}

function ending(ok: boolean, manifest: Manifest, places: Places | null): string[] {
  if (!ok) return ['Something is not as the manifest says: nothing was restored. Use another backup.'];
  if (places === null) return ['Everything is as it was when the backup was made.'];
  const { dataDir, trailDir } = places;
  const config = manifest.files.some(({ name }) => name.startsWith('config/'));
  return [
    `Restored to ${dataDir}, trail in ${trailDir}${config ? `; the configuration of then is in ${join(dataDir, 'restored')}` : ''}.`,
    'Never start the old gateway again. Start this one: tills see the new epoch and send again what they keep.',
  ];
}
