/** `counterfoil demo`: the gateway at work, with trouble on request; `counterfoil demo check`: the independent checker. */
import { Command } from 'commander';
import { CounterfoilError } from '../../base/errors.ts';
import { check as checkFiles } from '../../demo/checker/check.ts';
import { verdictLine } from '../../demo/checker/verdict.ts';
import { type DemoFlags, runDemo } from './demo-run.ts';
import { type CommandIo, processIo } from './io.ts';

interface CheckFlags {
  readonly outboxes: string;
  readonly dataDir: string;
  readonly pmsDb: string;
  readonly complete?: true;
  readonly altered?: readonly number[];
  readonly json?: true;
}

/** The `demo` command; failures are thrown as `CounterfoilError`. */
export function demoCommand(io: CommandIo = processIo): Command {
  const demo = new Command('demo')
    .description('show the gateway at work: four tills, a bad line, a PMS, and a checker that believes nobody')
    .exitOverride()
    .enablePositionalOptions()
    .option('--seed <text>', 'the same seed sells and fails the same (default: another one each time)')
    .option(
      '--duration <seconds>',
      'live: stop by itself after so long; scripted: about so long (default: 30)',
      positive,
    )
    .option('--rate <number>', 'records a second, all tills together, on average', positive, 6)
    .option('--script', 'play the scripted version, as without a terminal')
    .option('--keep', 'keep the folder with databases, outboxes and logs')
    .addHelpText('after', HELP)
    .action(async (flags: DemoFlags) => await runDemo(flags, io));
  demo
    .command('check')
    .description('compare what tills were promised with what gateway and PMS hold; shares no code with them')
    .requiredOption('--outboxes <folder>', 'the lanes’ outboxes (*.db)')
    .requiredOption('--data-dir <folder>', 'the gateway’s data_dir')
    .requiredOption('--pms-db <file>', 'the reference PMS’s database')
    .option('--complete', 'everything must have arrived: nothing pending, nothing still at a till')
    .option('--altered <sequences>', 'records altered on purpose, which must be found: 12,40', sequences)
    .option('--json', 'print the verdict as JSON')
    .addHelpText('after', '\nExit code: 0 content, 1 not content, 74 something cannot be read.')
    .action((flags: CheckFlags) => check(flags, io));
  return demo;
}

const HELP = `
Needs nothing but this machine: gateway, PMS and outboxes live in a temporary folder that is removed at the end.
With a terminal it is a screen with keys, without one a script of about half a minute.

Exit code: 0 when the checker found every record that was acknowledged, once; else 1.`;

function check({ altered = [], complete, dataDir, json, outboxes, pmsDb }: CheckFlags, io: CommandIo): void {
  const verdict = checkFiles({ dataDir, outboxes, pmsDb }, { altered, complete: complete === true });
  const problems = verdict.problems.map((problem) => `${problem}\n`).join('');
  io.write(json === true ? `${JSON.stringify(verdict)}\n` : `${problems}${verdictLine(verdict)}\n`);
  if (!verdict.content) io.exitWith(1);
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new CounterfoilError('usage', `"${text}" is no number above 0`, 'write it like 30 or 0.5');
}

function sequences(text: string): number[] {
  if (/^\d{1,15}(,\d{1,15})*$/.test(text)) return text.split(',').map(Number);
  throw new CounterfoilError('usage', `"${text}" is no list of sequences`, 'write it like 12,40');
}
