/** `counterfoil trail prove`: a proof for one record, to hand to somebody, and the check of such a proof. */
import { readFileSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { CounterfoilError, EXIT, messageOf } from '../../base/errors.ts';
import { checkProof, type ProofVerdict } from '../../inspect/proof-file.ts';
import { proveEntry, type Wanted } from '../../inspect/prove.ts';
import { readWitness } from '../../inspect/statements.ts';
import { findLogs } from '../../inspect/verify.ts';
import type { CommandIo } from './io.ts';
import { logNamed, trailDirectory, whole, withPlace } from './trail-place.ts';
import { keyFrom } from './trail-verify.ts';

interface ProveFlags {
  readonly config?: string;
  readonly log?: string;
  readonly sequence?: string;
  readonly epoch?: string;
  readonly receipt?: string;
  readonly checkpoint?: string;
  readonly newest?: boolean;
  readonly key?: string;
  readonly to?: string;
  readonly check?: string;
  readonly json?: boolean;
}

/** The `prove` command. Ends with 1 when a proof to check does not hold, or the trail does not. */
export function trailProve(io: CommandIo): Command {
  return withPlace(new Command('prove'))
    .description('a proof that a record was taken in, in a file of its own; or the check of one')
    .option('--sequence <number>', 'the record')
    .option('--epoch <epoch>', 'the epoch of that number; without it the newest that has it')
    .option('--receipt <file>', "the record's receipt, instead of its number")
    .option(
      '--checkpoint <file>',
      'a checkpoint (signed note) to which the proof shall lead; without it the newest in the trail',
    )
    .option('--newest', 'lead on from that checkpoint to the newest in the trail')
    .option('--to <file>', 'write the proof there; without it to standard output')
    .option('--key <key>', 'trust this verifier key (or the file that holds it) and no other')
    .option('--check <file>', 'check the proof in this file; no trail is needed')
    .option('--json', 'with --check: print the verdict as JSON')
    .action((directory: string | undefined, flags: ProveFlags) => {
      if (flags.check === undefined) prove(io, directory, flags);
      else check(io, flags.check, flags);
    });
}

function prove(io: CommandIo, named: string | undefined, flags: ProveFlags): void {
  const proof = proveEntry({
    logs: findLogs(trailDirectory(named, flags.config, io.env), logNamed(flags.log)),
    wanted: wantedBy(flags),
    key: flags.key === undefined ? null : keyFrom(flags.key),
    checkpoint: flags.checkpoint === undefined ? null : read(flags.checkpoint),
    toNewest: flags.newest === true,
  });
  const text = `${JSON.stringify(proof, null, 2)}\n`;
  if (flags.to === undefined) io.write(text);
  else {
    write(flags.to, text);
    io.write(`${flags.to}: entry ${proof.index} of ${proof.log}, proved by ${proof.inclusion.length} hashes\n`);
  }
}

function wantedBy({ sequence, epoch, receipt }: ProveFlags): Wanted {
  if (sequence !== undefined && receipt === undefined)
    return { sequence: whole(sequence, '--sequence'), epoch: epoch ?? null };
  if (receipt === undefined || sequence !== undefined) {
    throw new CounterfoilError('usage', 'which record?', 'Name it with --sequence or with --receipt, one of the two.');
  }
  const found = readWitness(receipt, read(receipt)).statements.find((statement) => statement.kind === 'receipt');
  if (found?.kind === 'receipt') return { log: found.log, index: found.index };
  throw new CounterfoilError(
    'usage',
    `${receipt} holds no receipt with its place in the trail`,
    'Give a receipt as the till has it (JSON).',
  );
}

function check(io: CommandIo, file: string, flags: ProveFlags): void {
  const verdict = checkProof(read(file), flags.key === undefined ? null : keyFrom(flags.key));
  io.write(flags.json === true ? `${JSON.stringify(verdict, null, 2)}\n` : proofText(verdict));
  if (!verdict.holds) io.exitWith(EXIT.failure);
}

function proofText({ holds, keyGiven, steps }: ProofVerdict): string {
  const found = holds ? steps : steps.slice(0, -1);
  const lines = found.map((step) => `  ${step}`);
  if (!holds) return `${[...lines, `THE PROOF DOES NOT HOLD: ${steps.at(-1)}`].join('\n')}\n`;
  lines.push('The proof holds.');
  if (!keyGiven)
    lines.push(
      'The key was taken from the proof itself. If you have it from the store or the PMS, give it with --key.',
    );
  return `${lines.join('\n')}\n`;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CounterfoilError('storage_io', `${file} cannot be read: ${messageOf(error)}`, 'Check the path.', error);
  }
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    throw new CounterfoilError(
      'storage_io',
      `${file} cannot be written: ${messageOf(error)}`,
      'Name a file that is not there yet.',
      error,
    );
  }
}
