/** `counterfoil close`: a store's gateway is closed for good, step by step, so that everything is kept and nothing can go on. */
import { randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Command } from 'commander';
import { systemClock, toUtcText } from '../../base/clock.ts';
import { type LoadedConfig, loadConfigFully } from '../../base/config/load.ts';
import { CounterfoilError } from '../../base/errors.ts';
import type { BufferFacts } from '../../buffer/api.ts';
import { bufferPaths } from '../../buffer/files.ts';
import { REASON_PATTERN } from '../../control/review/epoch-statement.ts';
import { closeGateway, withStores } from '../close/close.ts';
import { waitUntilDrained } from '../close/drain.ts';
import { openFolder } from '../close/export.ts';
import { ClosingSigners, type SignerFlags } from '../close/signers.ts';
import { type CloseState, readCloseState, writeCloseState } from '../close/state.ts';
import { type CommandIo, processIo } from './io.ts';
import { type Person, terminalPerson } from './person.ts';

interface CloseFlags extends SignerFlags {
  readonly config: string;
  readonly to?: string;
  readonly meaning?: string;
  readonly recoveryKey?: string;
  readonly recoveryPassphraseFile?: string;
  readonly unsynced?: string;
  readonly secondUser?: string;
  readonly secondPasswordFile?: string;
  readonly secondCode?: string;
  readonly secondKey?: string;
  readonly secondKid?: string;
  readonly secondPassphraseFile?: string;
  readonly yes?: true;
  readonly json?: true;
}

const HELP = `
Run it once while the gateway runs: it waits until everything is at the PMS. Then stop the gateway and run it again: people sign,
lanes are revoked, a final backup and the trail are exported and read back, a report is signed, and at last the keys are
destroyed. Interrupted, it goes on where it was. Until the keys are destroyed nothing is lost.
With named users two people sign. The recovery private key is needed once, to prove that it opens the final backup.`;

/** The command; failures are thrown as `CounterfoilError`. */
export function closeCommand(io: CommandIo = processIo, person: Person = terminalPerson): Command {
  return new Command('close')
    .description('close a store’s gateway for good: drain, export, verify, sign, revoke lanes, destroy keys')
    .requiredOption('--config <file>', 'the gateway’s configuration file')
    .option('--to <folder>', 'new folder for everything that is kept, on a medium that leaves the box')
    .option('--meaning <text>', 'why, in your words; it is signed and kept; no patient data')
    .option('--recovery-key <file>', 'the recovery private key (PEM), to prove that it opens the final backup')
    .option('--recovery-passphrase-file <file>', 'file with its passphrase (default: asked for)')
    .option('--unsynced <reason>', 'close although something is open, for this reason: a word such as pms_gone')
    .option('--user <name>', 'sign as this named user (role compliance)')
    .option('--password-file <file>', 'file with the password (default: asked for)')
    .option('--code <digits>', 'code of the authenticator')
    .option('--key <file>', 'or sign with this private key (PEM) of a reviewer')
    .option('--kid <name>', 'its name in the roster')
    .option('--passphrase-file <file>', 'file with its passphrase (default: asked for)')
    .option('--second-user <name>', 'the second person, as a named user')
    .option('--second-password-file <file>', 'file with their password')
    .option('--second-code <digits>', 'their code of the authenticator')
    .option('--second-key <file>', 'or the second person’s private key (PEM)')
    .option('--second-kid <name>', 'its name in the roster')
    .option('--second-passphrase-file <file>', 'file with its passphrase')
    .option('--yes', 'do not ask for confirmation')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action(async (flags: CloseFlags) => await close(flags, io, person));
}

async function close(flags: CloseFlags, io: CommandIo, person: Person): Promise<void> {
  process.umask(0o077);
  const loaded = loadConfigFully({ file: flags.config, env: io.env });
  const { dataDir } = loaded.config;
  if (!existsSync(bufferPaths(dataDir).db)) {
    const hint = 'Check data_dir: a gateway that never started has nothing to close.';
    throw new CounterfoilError('config_invalid', `there is no buffer in ${dataDir}`, hint);
  }
  const begun = readCloseState(dataDir);
  if (
    begun === null &&
    (await waitUntilDrained(flags.config, flags.unsynced !== undefined, io, person)) === 'running'
  ) {
    io.write('Everything is at the PMS. Stop the gateway now, and run this command again.\n');
    return;
  }
  const state = begun ?? (await begin(flags, loaded, person));
  if (begun !== null && begun.step !== 'closed') person.tell(`going on behind the step "${begun.step}"\n`);
  const closed = await closeGateway({ ...flags, configFile: flags.config, loaded, env: io.env, person }, state);
  tell(closed, flags, io);
}

/** Looks, lets people sign, and keeps what they signed: from here on no gateway starts on this directory. */
async function begin(flags: CloseFlags, loaded: LoadedConfig, person: Person): Promise<CloseState> {
  const { config } = loaded;
  const { to, meaning } = flags;
  if (to === undefined || meaning === undefined) {
    throw new CounterfoilError('usage', 'where to, and why?', 'Give --to FOLDER and --meaning TEXT.');
  }
  if (config.recovery.publicKeyFile === null) {
    const hint = 'Set recovery.public_key_file (docs/OPERATIONS.md): the final backup is for that key alone.';
    throw new CounterfoilError('config_invalid', 'without a recovery key nobody could read the records again', hint);
  }
  const people = ClosingSigners.open(config);
  try {
    const [first, second] = signersOf(flags, people);
    const { facts, epoch } = await withStores(loaded, async (buffer) => ({
      facts: buffer.facts(),
      epoch: buffer.epoch,
    }));
    const { records, open } = countsOf(facts);
    const reason = reasonOf(flags.unsynced, open);
    const folder = resolve(to);
    openFolder(folder);
    const names = [first, second].flatMap((signer) => (signer === null ? [] : [people.nameOf(signer)]));
    person.tell(
      `${names.join(' and ')} sign: close gateway ${config.gateway.id} for good\n` +
        `${records} records in the buffer, ${open} of them open${reason === null ? '' : ` (${reason})`}\n` +
        `everything goes to ${folder}${isSameDisk(folder, config.dataDir) ? ', which is on the disk of the gateway itself' : ''}\nmeaning: ${meaning}\n`,
    );
    await confirm(flags, person);
    const subject = { gateway_id: config.gateway.id, epoch, records, open, reason, meaning };
    const signed = [await people.sign(first, subject, person)];
    if (second !== null) signed.push(await people.sign(second, subject, person));
    const state: CloseState = {
      v: 1,
      step: 'signed',
      act_id: randomUUID(),
      ...subject,
      to: folder,
      signed,
      begun_at_utc: toUtcText(systemClock.utcMs()),
      files: {},
      left: [],
      closed_at_utc: null,
    };
    writeCloseState(config.dataDir, state);
    return state;
  } finally {
    await people.close();
  }
}

/** Who signs: with named users two, and not the same person twice. */
function signersOf(flags: CloseFlags, people: ClosingSigners): [SignerFlags, SignerFlags | null] {
  const second: SignerFlags = {
    user: flags.secondUser,
    passwordFile: flags.secondPasswordFile,
    code: flags.secondCode,
    key: flags.secondKey,
    kid: flags.secondKid,
    passphraseFile: flags.secondPassphraseFile,
  };
  const first = people.nameOf(flags);
  const isSecond = second.user !== undefined || second.kid !== undefined;
  if (!isSecond && people.isNamed) {
    const hint =
      'This gateway has named users: let another person sign too, with --second-user or --second-key and --second-kid.';
    throw new CounterfoilError('usage', 'closing takes two people', hint);
  }
  if (isSecond && people.nameOf(second) === first) {
    throw new CounterfoilError('usage', `${first} cannot sign twice`, 'Name another person.');
  }
  return [flags, isSecond ? second : null];
}

/** Records in the buffer, and what has not come to an end. */
function countsOf({ counts, refusedOpen, conflictOpen }: BufferFacts): { records: number; open: number } {
  let records = 0;
  let ended = 0;
  for (const states of Object.values(counts)) {
    for (const count of Object.values(states)) records += count;
    ended += (states.SYNCED ?? 0) + (states.RESOLVED ?? 0);
  }
  return { records, open: records - ended + refusedOpen + conflictOpen };
}

function reasonOf(unsynced: string | undefined, open: number): string | null {
  if (open === 0) return null;
  if (unsynced === undefined) {
    throw new CounterfoilError(
      'review_refused',
      `${open} records are open: not at the PMS, or waiting for a person`,
      'Start the gateway and let it drain, and end what waits ("counterfoil review list"); or say why not with --unsynced REASON. They stay in the final backup.',
    );
  }
  if (REASON_PATTERN.test(unsynced)) return unsynced;
  throw new CounterfoilError(
    'usage',
    `"${unsynced}" is no reason`,
    'Write a word such as pms_gone or brought_elsewhere.',
  );
}

function isSameDisk(folder: string, dataDir: string): boolean {
  const place = existsSync(folder) ? folder : dirname(folder);
  return statSync(place).dev === statSync(dataDir).dev;
}

async function confirm({ yes }: CloseFlags, person: Person): Promise<void> {
  if (yes === true) return;
  if (!person.isThere) {
    throw new CounterfoilError('usage', 'there is nobody to confirm this', 'Run it at a terminal, or add --yes.');
  }
  if (await person.confirm('There is no way back once the keys are destroyed. Sign and close? [y/N] ')) return;
  throw new CounterfoilError('usage', 'not confirmed', 'Nothing was signed and nothing was done.');
}

function tell({ to, files, left, closed_at_utc }: CloseState, { json }: CloseFlags, io: CommandIo): void {
  if (left.length > 0) io.exitWith(1);
  if (json === true) {
    io.write(`${JSON.stringify({ to, files, left, closed_at_utc })}\n`);
    return;
  }
  io.write(
    `Closed on ${closed_at_utc}. What is kept is in ${to}; README.txt in it says how to read it.\n` +
      left.map((path) => `NOT destroyed, do it by hand: ${path}\n`).join('') +
      'Flash may keep old blocks out of sight: destroy the medium, or let it erase itself (blkdiscard, nvme format), before it leaves the house.\n' +
      'With a sealer, destroy its key too: signing.key in /var/lib/counterfoil-sealer, as root.\n',
  );
}
