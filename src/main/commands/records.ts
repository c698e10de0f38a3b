/** `counterfoil records`: what the gateway holds, years back: search, export, and the end of what need not be kept. */
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { findConfigFile, loadConfig } from '../../base/config/load.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { dataDirOf } from './data-dir.ts';
import { type CommandIo, processIo } from './io.ts';
import { type Person, terminalPerson } from './person.ts';
import { type ExpireFlags, expire, listMonths } from './records-expire.ts';
import { type FilterFlags, filterOf, withFilter } from './records-filter.ts';
import { type LookFlags, type LookPlace, look } from './records-look.ts';

interface PlaceFlags {
  readonly config?: string;
  readonly dataDir?: string;
  readonly trailDir?: string;
}

/** The `records` command with its sub-commands; failures are thrown as `CounterfoilError`. */
export function recordsCommand(io: CommandIo = processIo, person: Person = terminalPerson): Command {
  const records = new Command('records').description(
    'search and export records of buffer and archive; end what is over',
  );
  withFilter(withPlace(records.command('search')))
    .description('list records: number, time, state, schedule, lane; nothing of a patient')
    .option('--limit <count>', 'at most so many', wholeNumber, 1000)
    .option('--json', 'print JSON instead of CSV')
    .addHelpText('after', HELP)
    .action(async (flags: FilterFlags & LookFlags & PlaceFlags) => {
      await look('search', placeOf(flags, io.env), filterOf(flags), flags, io, person);
    });
  withFilter(withPlace(records.command('export')))
    .description('write whole records, as CSV or JSON')
    .option('--format <format>', 'csv or json', format, 'csv')
    .option('--output <file>', 'a new file, for this user only (default: standard output)')
    .option('--limit <count>', 'at most so many', wholeNumber)
    .addHelpText('after', HELP)
    .action(async (flags: FilterFlags & LookFlags & PlaceFlags) => {
      await look('export', placeOf(flags, io.env), filterOf(flags), flags, io, person);
    });
  onGateway(records.command('months'))
    .description('what is archived, by month, and until when it is kept')
    .option('--json', 'print JSON')
    .action(async (flags: PlaceFlags & { json?: true }) => {
      await listMonths(dataDirOf(flags, io.env), flags.json === true, io);
    });
  records.addCommand(expireCommand(io, person));
  return records;
}

const HELP = `
Conditions of one kind may be repeated: any of them will do. Conditions of several kinds must all fit. Each look is an
entry in the trail: who, which kinds of condition, a keyed hash of them, how many records. It needs the running gateway
for that; --offline does it while the gateway is stopped.

Exit code: 0 done, 1 something could not be read or no gateway.`;

function expireCommand(io: CommandIo, person: Person): Command {
  return onGateway(new Command('expire'))
    .description('destroy archived months whose time (retention.years) is over; two people of the roster sign')
    .requiredOption('--until <month>', 'this month and all before it, such as 2020-12', month)
    .requiredOption('--key <file>', 'private key (PEM) of the first signer, a reviewer')
    .requiredOption('--kid <name>', 'its name in the roster')
    .requiredOption('--second-key <file>', 'private key of the second signer, a reviewer or pharmacist')
    .requiredOption('--second-kid <name>', 'its name in the roster')
    .requiredOption('--meaning <text>', 'why, in your words; both sign it and it is kept, so no patient data')
    .option('--passphrase-file <file>', 'file with the first key’s passphrase (default: asked for)')
    .option('--second-passphrase-file <file>', 'the same for the second key')
    .option('--yes', 'do not ask for confirmation')
    .option('--json', 'print the result as JSON')
    .action(async (flags: ExpireFlags & PlaceFlags) => {
      await expire(dataDirOf(flags, io.env), flags, io, person);
    });
}

function onGateway(command: Command): Command {
  return command
    .option('--config <file>', 'the gateway’s configuration file; its directories are taken from there')
    .option('--data-dir <directory>', 'its data directory');
}

function withPlace(command: Command): Command {
  return onGateway(command)
    .option('--trail-dir <directory>', 'its trail directory (default: "trail" in the data directory)')
    .option('--offline', 'the gateway is stopped: write the look into the trail from here');
}

function placeOf(flags: PlaceFlags, env: NodeJS.ProcessEnv): LookPlace {
  if (flags.dataDir !== undefined) {
    const trailDir = flags.trailDir ?? join(flags.dataDir, 'trail');
    return { dataDir: flags.dataDir, archiveDir: join(trailDir, 'archive') };
  }
  const file = flags.config ?? findConfigFile(env);
  if (file === undefined) throw new CounterfoilError('usage', 'which gateway?', 'Name it with --config or --data-dir.');
  const { dataDir, trailDir } = loadConfig({ file, env });
  return { dataDir, archiveDir: join(flags.trailDir ?? trailDir, 'archive') };
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('write a whole number from 1.');
}

function format(text: string): 'csv' | 'json' {
  if (text === 'csv' || text === 'json') return text;
  throw new InvalidArgumentError('write csv or json.');
}

function month(text: string): string {
  if (/^[0-9]{4}-(?:0[1-9]|1[0-2])$/.test(text)) return text;
  throw new InvalidArgumentError('write a month such as 2020-12.');
}
