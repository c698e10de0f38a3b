/**
 * `counterfoil epoch open`: a new epoch by a person's signed act, because the gateway is to serve another PMS. Done while
 * the gateway is stopped: numbers on the wire change, and nobody may be in the middle of sending any.
 */
import { type KeyObject, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { systemClock, toUtcText } from '../../base/clock.ts';
import { loadConfig } from '../../base/config/load.ts';
import { CounterfoilError } from '../../base/errors.ts';
import type { EpochAct } from '../../buffer/epoch.ts';
import { bufferPaths } from '../../buffer/files.ts';
import { openNewEpoch, type PresentEpoch } from '../../buffer/open-epoch.ts';
import { type EpochStatement, epochStatementText, REASON_PATTERN } from '../../control/review/epoch-statement.ts';
import { proveSignature, refused, rosterOrRefuse } from '../../control/review/signer.ts';
import type { Roster } from '../../record/roster.ts';
import { readRosterFile } from '../read-roster.ts';
import { type CommandIo, processIo } from './io.ts';
import { type Person, terminalPerson } from './person.ts';
import { confirmAct, openSigningKey, type SigningFlags, signText, textToSign } from './signing.ts';

interface OpenFlags extends SigningFlags {
  readonly config: string;
  readonly reason: string;
  readonly yes?: true;
  readonly json?: true;
}

/** The `epoch` command with its one sub-command; failures are thrown as `CounterfoilError`. */
export function epochCommand(io: CommandIo = processIo, person: Person = terminalPerson): Command {
  const epoch = new Command('epoch').description('open a new epoch, for a new PMS');
  epoch
    .command('open')
    .description('number what is not settled from 1 again, in a new epoch; the gateway must be stopped')
    .requiredOption('--config <file>', 'the gateway’s configuration file')
    .requiredOption('--reason <word>', 'why, for programs: new_pms')
    .requiredOption('--key <file>', 'the signer’s private key (PEM)')
    .requiredOption('--kid <name>', 'the key’s name in the roster; its holder must be a reviewer')
    .requiredOption('--meaning <text>', 'why, in your words; it is signed and kept')
    .option('--passphrase-file <file>', 'file with the key’s passphrase (default: asked for)')
    .option('--yes', 'do not ask for confirmation')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action(async (flags: OpenFlags) => await open(flags, io, person));
  return epoch;
}

const HELP = `
What the PMS of before has settled stays settled. What still waits for a PMS goes along: in the same order, with numbers
from 1, so that a new PMS gets it. Tills see the new epoch and send again what they keep; the answer is "duplicate".
Records that are rejected, set aside or quarantined must be resolved or dismissed first (counterfoil review).`;

async function open(flags: OpenFlags, io: CommandIo, person: Person): Promise<void> {
  if (!REASON_PATTERN.test(flags.reason)) {
    throw new CounterfoilError('usage', `"${flags.reason}" is no reason`, 'Write a word such as new_pms.');
  }
  const { dataDir, gateway, scheduleTwo } = loadConfig({ file: flags.config, env: io.env });
  const { rosterFile } = scheduleTwo;
  const roster = rosterOrRefuse(rosterFile === null ? null : readRosterFile(rosterFile).roster);
  const signer = signerOf(roster, flags.kid);
  if (!existsSync(bufferPaths(dataDir).db)) {
    throw new CounterfoilError(
      'config_invalid',
      `there is no buffer in ${dataDir}`,
      'Check data_dir; a first start makes one.',
    );
  }
  person.tell(`${signer} (key ${flags.kid}) signs: open a new epoch of ${gateway.id}\nmeaning: ${flags.meaning}\n`);
  await confirmAct(flags, person);
  const key = await openSigningKey(flags, person);
  // Signed under the lock, so that the epoch it ends is the present one and stays it.
  const act = epochActBy({ ...flags, gatewayId: gateway.id, roster, signer, key });
  const opened = openNewEpoch(dataDir, systemClock, act);
  if (flags.json === true) io.write(`${JSON.stringify(opened)}\n`);
  else {
    io.write(
      `epoch ${opened.epoch} follows ${opened.predecessor}; ${opened.carried} records have new numbers\n` +
        'Start the gateway: tills send again what they keep.\n',
    );
  }
}

/** Who opens an epoch, and why. */
export interface EpochSigner extends Pick<SigningFlags, 'kid' | 'meaning'> {
  readonly gatewayId: string;
  readonly roster: Roster;
  /** The name printed with the signature. */
  readonly signer: string;
  readonly key: KeyObject;
  readonly reason: string;
}

/** Signs the act for the epoch that is to end. What it returns throws `usage` and `review_refused`. */
export function epochActBy({ gatewayId, roster, signer, key, kid, meaning, reason }: EpochSigner) {
  return ({ epoch }: PresentEpoch): EpochAct => {
    const statement: EpochStatement = {
      act_id: randomUUID(),
      gateway_id: gatewayId,
      epoch,
      step: 'open_epoch',
      reason,
      meaning,
      printed_name: signer,
      signed_at_utc: toUtcText(systemClock.utcMs()),
    };
    const text = textToSign(() => epochStatementText(statement));
    const signed = { statement: text, signature: signText(text, key, kid) };
    const time = { nowMs: systemClock.utcMs(), clock: 'unknown' } as const;
    const { keyId, signedAtMs } = proveSignature(signed, statement, ['reviewer'], roster, time);
    return { actId: statement.act_id, ...signed, keyId, printedName: signer, meaning, signedAtMs, reason };
  };
}

/** Under which name this key signs. Throws `review_refused` when the roster does not have it. */
export function signerOf(roster: Roster, kid: string): string {
  const signer = roster.find(kid)?.person.printedName;
  if (signer === undefined) throw refused('the roster does not have this key', 'Check --kid.');
  return signer;
}
