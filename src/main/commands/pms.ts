/** `counterfoil pms serve` and `counterfoil pms check`: a PMS to work against, and a way to test any other. */
import { Command } from 'commander';
import { systemClock } from '../../base/clock.ts';
import { readSecretFile } from '../../base/config/secrets.ts';
import { CounterfoilError, EXIT } from '../../base/errors.ts';
import { createLog } from '../../base/log.ts';
import { checkPms, findingsTable } from '../../demo/pms/check/run.ts';
import { FAULT_NAMES, FAULTS } from '../../demo/pms/faults.ts';
import { ReferencePms } from '../../demo/pms/reference-pms.ts';
import { seededRandom } from '../../demo/pms/seeded.ts';

const DEFAULT_URL = 'http://127.0.0.1:8090';

interface ServeFlags {
  readonly url: string;
  readonly db: string;
  readonly tokenFile?: string;
  readonly fault: readonly string[];
  readonly seed: number;
  readonly control?: true;
}

interface CheckFlags {
  readonly url: string;
  readonly tokenFile?: string;
  readonly json?: true;
}

/** The `pms` command with its sub-commands; failures are thrown as `CounterfoilError`. */
export function pmsCommand(): Command {
  // Set before the sub-commands are made, which inherit it: a wrong option is then thrown like any other failure.
  const pms = new Command('pms').description('the reference PMS, and a check of any PMS').exitOverride();
  pms
    .command('serve')
    .description('serve the reference PMS until SIGTERM or SIGINT')
    .option('--url <url>', 'where to listen; port 0 picks a free one', DEFAULT_URL)
    .option('--db <file>', 'SQLite file that keeps what arrives', 'pms.db')
    .option('--token-file <file>', 'file with the Bearer token gateways must send (default: none is needed)')
    .option('--fault <name[=arg][@probability]>', 'a fault in force from the start; may be repeated', collect, [])
    .option('--seed <number>', 'seed of the faults that happen by chance', wholeNumber, 1)
    .option('--control', 'open /_control/ for switching faults while running')
    .addHelpText('after', `\nFaults:\n${faultHelp()}`)
    .action(async (flags: ServeFlags) => await serve(flags));
  pms
    .command('check')
    .description('check a PMS rule by rule; leaves made-up records there under a gateway id check-…')
    .option('--url <url>', 'base URL of the PMS, as in the setting pms.url', DEFAULT_URL)
    .option('--token-file <file>', 'file with the Bearer token to send')
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', '\nExit code: 0 all rules met, 1 some fall short, 69 no PMS at that address.')
    .action(async (flags: CheckFlags) => await check(flags));
  return pms;
}

/** Serves until a signal; the one line on standard output says where. */
async function serve(flags: ServeFlags): Promise<void> {
  const pms = new ReferencePms({
    url: flags.url,
    dbFile: flags.db,
    token: tokenOf(flags),
    faults: flags.fault,
    control: flags.control === true,
    random: seededRandom(flags.seed),
    log: createLog('warn', { write: (line) => void process.stderr.write(line) }),
  });
  // Signals are listened for before the line is out: whoever reads it may send one at once.
  const told = signal();
  const { url } = await pms.start();
  process.stdout.write(`${JSON.stringify({ msg: 'ready', url })}\n`);
  await told;
  await pms.stop();
}

async function check(flags: CheckFlags): Promise<void> {
  if (!URL.canParse(flags.url) || !/^https?:$/.test(new URL(flags.url).protocol)) {
    throw new CounterfoilError('usage', `"${flags.url}" is no address of a PMS`, `write it like ${DEFAULT_URL}`);
  }
  const result = await checkPms(flags.url, tokenOf(flags), systemClock);
  process.stdout.write(flags.json === true ? `${JSON.stringify(result)}\n` : findingsTable(result));
  process.exitCode = result.ok ? EXIT.ok : EXIT.failure;
}

function tokenOf(flags: { readonly tokenFile?: string }): string | null {
  return flags.tokenFile === undefined ? null : readSecretFile(flags.tokenFile);
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process in the usual way. */
function signal(): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      process.off('SIGTERM', end);
      process.off('SIGINT', end);
      resolve();
    };
    process.on('SIGTERM', end);
    process.on('SIGINT', end);
  });
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

function wholeNumber(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new CounterfoilError('usage', `"${text}" is no whole number`, 'write digits only, for example --seed 42');
}

function faultHelp(): string {
  const width = Math.max(...FAULT_NAMES.map((name) => name.length));
  return FAULT_NAMES.map((name) => {
    const { argument, does } = FAULTS[name];
    return `  ${name.padEnd(width)}  ${does}${argument === null ? '' : ` (=ARG: ${argument})`}`;
  }).join('\n');
}
