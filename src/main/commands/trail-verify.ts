/** `counterfoil trail verify`: is the trail whole, and do those who hold receipts say the same? */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { CounterfoilError, EXIT, messageOf } from '../../base/errors.ts';
import { parseVerifierKey, type VerifierKey } from '../../inspect/note.ts';
import { readWitness } from '../../inspect/statements.ts';
import { verdictText } from '../../inspect/verdict-text.ts';
import { verifyTrail } from '../../inspect/verify.ts';
import { keepMemoryFlat } from './flat-memory.ts';
import type { CommandIo } from './io.ts';
import { progressBar } from './progress.ts';
import { logNamed, trailDirectory, withPlace } from './trail-place.ts';

interface VerifyFlags {
  readonly config?: string;
  readonly log?: string;
  readonly key?: string;
  readonly witness?: readonly string[];
  readonly archive: boolean;
  readonly json?: boolean;
}

/** The `verify` command. Ends with 0 when all holds, with 1 when something does not. */
export function trailVerify(io: CommandIo): Command {
  return withPlace(new Command('verify'))
    .description('check every byte, entry and checkpoint; exit code 1 when something does not hold')
    .option('--key <key>', 'trust this verifier key (or the file that holds it) and no other')
    .option('--witness <file...>', "what others hold: receipts, checkpoints, cosignatures, a witness's verifier key")
    .option('--no-archive', "leave the archive's files out: for a copy of the trail without them")
    .option('--json', 'print the verdict as JSON')
    .action((directory: string | undefined, flags: VerifyFlags) => verify(io, directory, flags));
}

function verify(io: CommandIo, named: string | undefined, flags: VerifyFlags): void {
  const directory = trailDirectory(named, flags.config, io.env);
  keepMemoryFlat();
  const bar = progressBar('verifying');
  const verdict = verifyTrail({
    directory,
    log: logNamed(flags.log),
    key: flags.key === undefined ? null : keyFrom(flags.key),
    witnesses: (flags.witness ?? []).map((file) => readWitness(file, readWitnessFile(file))),
    withoutArchive: !flags.archive,
    onProgress: bar.show,
  });
  bar.end();
  io.write(flags.json === true ? `${JSON.stringify(verdict, null, 2)}\n` : verdictText(verdict, directory));
  if (!verdict.ok) io.exitWith(EXIT.failure);
}

/** A verifier key as written, or out of a file. @throws CounterfoilError `usage`. */
export function keyFrom(keyOrFile: string): VerifierKey {
  const direct = parseVerifierKey(keyOrFile);
  const key = direct ?? keyIn(keyOrFile);
  if (key !== null && !key.isWitness) return key;
  throw new CounterfoilError(
    'usage',
    `${keyOrFile} is no verifier key of a trail, and no file that holds one`,
    'It looks like gw-0042/1f0c9a77/audit+0123abcd+AQ…; the store, its tills or its PMS have it.',
  );
}

function keyIn(file: string): VerifierKey | null {
  try {
    const keys = readFileSync(file, 'utf8').split('\n').map(parseVerifierKey);
    return keys.find((key) => key !== null) ?? null;
  } catch {
    return null;
  }
}

function readWitnessFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CounterfoilError(
      'storage_io',
      `${file} cannot be read: ${messageOf(error)}`,
      'Check the path given with --witness.',
      error,
    );
  }
}
