/** `counterfoil manifest`: the signed DEA audit manifests of reconciliation runs, for a compliance officer or an inspector. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { toUtcText } from '../../base/clock.ts';
import { findConfigFile, loadConfig } from '../../base/config/load.ts';
import { CounterfoilError, EXIT, messageOf } from '../../base/errors.ts';
import type { Manifest } from '../../buffer/api.ts';
import { type ManifestFile, readManifests } from '../../buffer/read-manifests.ts';
import { manifestFaults } from '../../record/manifest.ts';
import { type CommandIo, processIo } from './io.ts';

interface WhereFlags {
  readonly config?: string;
  readonly dataDir?: string;
  readonly json?: boolean;
}

interface VerifyFlags extends WhereFlags {
  readonly publicKey?: string;
}

/** The `manifest` command with its sub-commands; it reads only, also beside a running gateway. */
export function manifestCommand(io: CommandIo = processIo): Command {
  const manifest = new Command('manifest').description('the signed manifests of Schedule II records after an outage');
  const where = (command: Command) =>
    command
      .option('--config <file>', "the gateway's configuration file; the data directory is taken from there")
      .option('--data-dir <directory>', 'its data directory')
      .option('--json', 'print JSON');
  where(manifest.command('list'))
    .description('one line for each manifest: run, when, how it ended, how many records')
    .action((flags: WhereFlags) => list(io, flags));
  where(manifest.command('show'))
    .description('one manifest whole')
    .argument('<run>', 'number of the run, as in the list')
    .action((run: string, flags: WhereFlags) => show(io, run, flags));
  where(manifest.command('verify'))
    .description("check every manifest's signature and parts; exit code 1 when one does not hold")
    .option('--public-key <file>', 'trust this key (PEM) and no other, instead of the key beside the manifests')
    .action((flags: VerifyFlags) => verify(io, flags));
  return manifest;
}

function read(io: CommandIo, { config, dataDir }: WhereFlags): ManifestFile {
  if (dataDir !== undefined) return readManifests(dataDir);
  const file = config ?? findConfigFile(io.env);
  if (file !== undefined) return readManifests(loadConfig({ file, env: io.env }).dataDir);
  throw new CounterfoilError('usage', 'which gateway?', 'name it with --config or --data-dir');
}

interface Summary {
  readonly run: number;
  readonly began_at_utc: string;
  readonly ended_at_utc: string;
  readonly ended: string;
  readonly records: number;
  readonly unsigned: number;
}

function summaryOf({ run, beganAtMs, endedAtMs, body }: Manifest): Summary {
  const statement = (body.statement ?? {}) as Record<string, unknown>;
  return {
    run,
    began_at_utc: toUtcText(beganAtMs),
    ended_at_utc: toUtcText(endedAtMs),
    ended: String(statement.ended),
    records: Number(statement.records),
    unsigned: Number(statement.unsigned),
  };
}

function list(io: CommandIo, flags: WhereFlags): void {
  const summaries = read(io, flags).manifests.map(summaryOf);
  if (flags.json === true) {
    io.write(`${JSON.stringify(summaries, null, 2)}\n`);
    return;
  }
  if (summaries.length === 0) io.write('no manifest yet: none of the outages so far held up a Schedule II record\n');
  for (const { run, began_at_utc, ended_at_utc, ended, records, unsigned } of summaries) {
    const doubt = unsigned === 0 ? '' : `, ${unsigned} without a valid signature`;
    io.write(`run ${run}  ${began_at_utc} to ${ended_at_utc}  ${ended}  ${records} Schedule II records${doubt}\n`);
  }
}

function show(io: CommandIo, run: string, flags: WhereFlags): void {
  const found = read(io, flags).manifests.find((manifest) => String(manifest.run) === run);
  if (found === undefined) {
    throw new CounterfoilError('usage', `there is no manifest of run ${run}`, 'look at counterfoil manifest list');
  }
  io.write(`${JSON.stringify({ ...found.body, parts: found.parts }, null, 2)}\n`);
}

function verify(io: CommandIo, flags: VerifyFlags): void {
  const { manifests, publicKeys } = read(io, flags);
  const trusted = flags.publicKey === undefined ? null : readKey(flags.publicKey);
  const keyOf = (kid: string): KeyObject | undefined => {
    if (trusted !== null) return trusted;
    const spki = publicKeys.get(kid);
    return spki === undefined ? undefined : createPublicKey({ key: spki, format: 'der', type: 'spki' });
  };
  const checked = manifests.map(({ run, parts, body }) => ({ run, faults: manifestFaults(parts, body, keyOf) }));
  if (flags.json === true) io.write(`${JSON.stringify(checked, null, 2)}\n`);
  else {
    for (const { run, faults } of checked) {
      io.write(`run ${run}  ${faults.length === 0 ? 'holds' : `DOES NOT HOLD: ${faults.join('; ')}`}\n`);
    }
    if (checked.length === 0) io.write('no manifest to check\n');
  }
  if (checked.some(({ faults }) => faults.length > 0)) io.exitWith(EXIT.failure);
}

function readKey(file: string): KeyObject {
  try {
    return createPublicKey(readFileSync(file));
  } catch (error) {
    throw new CounterfoilError(
      'config_unreadable',
      `${file} holds no public key: ${messageOf(error)}`,
      'It must be a PEM file that begins with "-----BEGIN PUBLIC KEY-----".',
      error,
    );
  }
}
