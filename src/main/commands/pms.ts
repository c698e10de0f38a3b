/** `counterfoil pms serve` and `counterfoil pms check`: a PMS to work against, and a way to test any other. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { systemClock } from '../../base/clock.ts';
import { readSecretFile } from '../../base/config/secrets.ts';
import { CounterfoilError, EXIT, messageOf } from '../../base/errors.ts';
import { createLog } from '../../base/log.ts';
import { checkReport } from '../../demo/pms/check/report.ts';
import { checkPms } from '../../demo/pms/check/run.ts';
import { faultList } from '../../demo/pms/faults.ts';
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
  readonly profile: 'batch' | 'minimal';
  readonly echo?: true;
}

interface CheckFlags {
  readonly url: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly json?: true;
}

const CHECK_HELP = `
This writes test records to that PMS: some thirty made-up records and up to 6,400 gap markers, of a gateway id check-…
with keys check-… and the prescription CHECK-ONLY. Check a PMS in its test environment.

Exit code: 0 all rules met, 1 some fall short, 69 no PMS at that address.`;

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
    .option('--profile <name>', 'batch: the whole contract; minimal: single records, bare answers', profile, 'batch')
    .option('--echo', 'with --profile minimal: name key and hash in answers')
    .option(
      '--fault <name[=arg][@probability][#count]>',
      'a fault in force from the start; may be repeated',
      collect,
      [],
    )
    .option('--seed <number>', 'seed of the faults that happen by chance', wholeNumber, 1)
    .option('--control', 'open /_control/ for switching faults while running')
    .addHelpText('after', '\n--fault list prints the faults there are. The contract is served at /openapi.json.')
    .action(async (flags: ServeFlags) => await serve(flags));
  pms
    .command('check')
    .description('check a PMS rule by rule against the contract; writes made-up test records to that PMS')
    .option('--url <url>', 'base URL of the PMS, as in the setting pms.url', DEFAULT_URL)
    .option('--token-file <file>', 'file with the Bearer token to send')
    .option('--ca-file <file>', 'certificate authorities (PEM) to trust instead of the system’s')
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', CHECK_HELP)
    .action(async (flags: CheckFlags) => await check(flags));
  return pms;
}

/** Serves until a signal; the one line on standard output says where. */
async function serve(flags: ServeFlags): Promise<void> {
  if (flags.fault.includes('list')) return void process.stdout.write(`${faultList()}\n`);
  if (flags.echo === true && flags.profile !== 'minimal') {
    throw new CounterfoilError('usage', '--echo is of no use here', 'write --profile minimal --echo');
  }
  const pms = new ReferencePms({
    url: flags.url,
    dbFile: flags.db,
    token: tokenOf(flags),
    faults: flags.fault,
    control: flags.control === true,
    minimal: flags.profile === 'minimal' ? { echo: flags.echo === true } : null,
    random: seededRandom(flags.seed),
    log: createLog('warn', { write: (line) => void process.stderr.write(line) }),
  });
  // Signals are listened for before the line is out: whoever reads it may send one at once.
  const told = signal();
  const { url, witnessKey } = await pms.start();
  process.stdout.write(`${JSON.stringify({ msg: 'ready', url, witness_key: witnessKey })}\n`);
  await told;
  await pms.stop();
}

async function check(flags: CheckFlags): Promise<void> {
  if (!URL.canParse(flags.url) || !/^https?:$/.test(new URL(flags.url).protocol)) {
    throw new CounterfoilError('usage', `"${flags.url}" is no address of a PMS`, `write it like ${DEFAULT_URL}`);
  }
  const ca = flags.caFile === undefined ? null : readPem(flags.caFile);
  const onRule = process.stderr.isTTY ? showRule : () => {};
  const result = await checkPms({ url: flags.url, token: tokenOf(flags), ca, clock: systemClock, onRule });
  if (process.stderr.isTTY) showRule('');
  process.stdout.write(flags.json === true ? `${JSON.stringify(result)}\n` : checkReport(result));
  process.exitCode = result.ok ? EXIT.ok : EXIT.failure;
}

/** One line of progress, written over by the next. */
function showRule(rule: string): void {
  process.stderr.write(`\r\u001b[2K${rule === '' ? '' : `checking ${rule} …`}`);
}

function readPem(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CounterfoilError('config_unreadable', messageOf(error), 'name a PEM file that can be read', error);
  }
}

function profile(text: string): ServeFlags['profile'] {
  if (text === 'batch' || text === 'minimal') return text;
  throw new CounterfoilError('usage', `"${text}" is no profile`, 'write --profile batch or --profile minimal');
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
