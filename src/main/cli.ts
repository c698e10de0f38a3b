/**
 * The command line: one sub-command a file, loaded only when called, so that a short command does not pay for the
 * whole gateway. Errors end here: message and hint on standard error, the error's own exit code.
 */
import { Command, CommanderError } from 'commander';
import { CounterfoilError, EXIT, messageOf } from '../base/errors.ts';
import { NAGIOS_EXIT } from './commands/nagios.ts';
import { VERSION } from './version.ts';

/** Sub-commands by name; each module is imported when its command is asked for. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./commands/run.ts')).runCommand(),
  setup: async () => (await import('./commands/setup.ts')).setupCommand(),
  config: async () => (await import('./commands/config.ts')).configCommand(),
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand(),
  status: async () => (await import('./commands/status.ts')).statusCommand(),
  top: async () => (await import('./commands/top.ts')).topCommand(),
  tail: async () => (await import('./commands/tail.ts')).tailCommand(),
  check: async () => (await import('./commands/check.ts')).checkCommand(),
  lane: async () => (await import('./commands/lane.ts')).laneCommand(),
  roster: async () => (await import('./commands/roster.ts')).rosterCommand(),
  review: async () => (await import('./commands/review.ts')).reviewCommand(),
  user: async () => (await import('./commands/user.ts')).userCommand(),
  epoch: async () => (await import('./commands/epoch.ts')).epochCommand(),
  records: async () => (await import('./commands/records.ts')).recordsCommand(),
  pms: async () => (await import('./commands/pms.ts')).pmsCommand(),
  manifest: async () => (await import('./commands/manifest.ts')).manifestCommand(),
  trail: async () => (await import('./commands/trail.ts')).trailCommand(),
  report: async () => (await import('./commands/report.ts')).reportCommand(),
  sealer: async () => (await import('./commands/sealer.ts')).sealerCommand(),
  backup: async () => (await import('./commands/backup.ts')).backupCommand(),
  rescue: async () => (await import('./commands/rescue.ts')).rescueCommand(),
  close: async () => (await import('./commands/close.ts')).closeCommand(),
  completion: async () => (await import('./commands/completion.ts')).completionCommand(wholeProgram),
  demo: async () => (await import('./commands/demo.ts')).demoCommand(),
};

const ABOUT: Readonly<Record<string, string>> = {
  run: 'run the gateway until it is told to stop',
  setup: 'write a configuration, by questions or options',
  config: 'validate, show or describe the configuration',
  doctor: 'check what the gateway depends on',
  status: 'how a running gateway is',
  top: 'a running gateway, live',
  tail: 'follow what happens on a gateway',
  check: 'health for monitoring, as a Nagios plug-in',
  lane: 'be a lane: publish records, simulate traffic',
  roster: 'who may sign: make keys, check the roster file',
  user: 'named users: who may log in, as what; sessions; the emergency code',
  epoch: 'open a new epoch, for a new PMS',
  review: 'what waits for a person, and the signed acts that end it',
  records: 'search and export records, years back; end what need not be kept',
  pms: 'check a PMS, or serve the reference PMS',
  manifest: 'signed manifests of Schedule II records after an outage: list, show, verify',
  trail: 'the audit log: verify, show, export, prove',
  report: 'reports for compliance: make one of any window, list them',
  sealer: 'keep the trail append-only and sign it, beside the gateway',
  backup: 'copy a gateway to one encrypted file, check it, put it back',
  rescue: "read a dead box's disk: what is unsynced, and a gateway made of it",
  close: 'close a store’s gateway for good',
  completion: 'print a script that completes commands in bash, zsh or fish',
  demo: 'show the gateway at work: lanes, outages, a reference PMS',
};

/** Runs one command line (without program name); ends the process with the exit codes of docs. */
export async function runCli(args: readonly string[]): Promise<void> {
  const program = emptyProgram();
  const asked = args.find((arg) => !arg.startsWith('-')) ?? '';
  for (const [name, load] of Object.entries(COMMANDS)) {
    program.addCommand(name === asked ? await load() : new Command(name).description(ABOUT[name] ?? ''));
  }
  try {
    throwInsteadOfExit(program);
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    const code = report(error);
    // A monitoring plug-in that was called wrongly does not know: 2 would say that the gateway is in danger.
    process.exitCode = asked === 'check' && code === EXIT.usage ? NAGIOS_EXIT.unknown : code;
  }
}

function emptyProgram(): Command {
  return new Command('counterfoil')
    .description('store gateway for controlled-substance records')
    .version(VERSION)
    .showHelpAfterError('Run with --help to see what there is.');
}

/** Every command with all below it: for completion and the manual page, which pay for loading everything. */
export async function wholeProgram(): Promise<Command> {
  const program = emptyProgram();
  for (const load of Object.values(COMMANDS)) program.addCommand(await load());
  return program;
}

/** commander would end the process itself, with 1 for a wrong option; we want 2 (usage) and our own report. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const sub of command.commands) throwInsteadOfExit(sub);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof CounterfoilError) {
    process.stderr.write(`counterfoil: ${error.message}\nhint: ${error.hint}\n`);
    return error.exitCode;
  }
  process.stderr.write(`counterfoil: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}\n`);
  return EXIT.failure;
}
