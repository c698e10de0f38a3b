/** `counterfoil review`: what waits for a person, and the signed acts that end the waiting. */
import { Command } from 'commander';
import { WAITING_STATES, type WaitingState } from '../../buffer/api.ts';
import type { Step } from '../../control/review/words.ts';
import { dataDirOf } from './data-dir.ts';
import { type CommandIo, processIo } from './io.ts';
import { type Person, terminalPerson } from './person.ts';
import { type ActFlags, act } from './review-act.ts';
import { fetchItems, type ItemName, itemName, itemTable, stateName } from './review-items.ts';
import { show } from './review-show.ts';

interface GatewayFlags {
  readonly config?: string;
  readonly dataDir?: string;
  readonly json?: true;
}

/** The `review` command with its sub-commands; failures are thrown as `CounterfoilError`. */
export function reviewCommand(io: CommandIo = processIo, person: Person = terminalPerson): Command {
  const review = new Command('review').description('see what waits for a person, and end its waiting by a signed act');
  onGateway(review.command('list'))
    .description('list what waits: number, state, schedule, lane, age and reason; no content')
    .option('--state <state>', `only this state, may be repeated (${WAITING_STATES.join(', ')})`, collectState)
    .action(async (flags: GatewayFlags & { state?: readonly WaitingState[] }) => {
      const items = await fetchItems(dataDirOf(flags, io.env), flags.state ?? WAITING_STATES);
      if (flags.json === true) io.write(`${JSON.stringify({ items }, null, 2)}\n`);
      else io.write(items.length === 0 ? 'nothing waits for a person\n' : itemTable(items));
    });
  onGateway(review.command('show'))
    .description('show one item with the record’s content; each look is written into the trail')
    .argument('<item>', 'its number in the list', itemName)
    .action(async (item: ItemName, flags: GatewayFlags) => await show(item, flags, dataDirOf(flags, io.env), io));
  for (const step of ['release', 'dismiss', 'resolve'] as const) review.addCommand(actCommand(step, io, person));
  return review;
}

const ABOUT: Readonly<Record<Step, string>> = {
  release: 'send held Schedule II records to the PMS after all',
  dismiss: 'end the waiting of items; nothing more is done with them',
  resolve: 'end the waiting of an item by a corrected new record',
};

function actCommand(step: Step, io: CommandIo, person: Person): Command {
  const command = onGateway(new Command(step))
    .description(ABOUT[step])
    .option('--user <name>', 'a named user signs, with password and code')
    .option('--password-file <file>', 'file with the user’s password (default: asked for)')
    .option('--code <digits>', 'code of the user’s authenticator (default: asked for)')
    .option('--key <file>', 'or a key of the roster signs: the private key (PEM)')
    .option('--kid <name>', 'the key’s name in the roster')
    .requiredOption('--meaning <text>', 'why, in your words; it is signed and kept, so no patient data')
    .option('--passphrase-file <file>', 'file with the key’s passphrase (default: asked for)')
    .option('--yes', 'do not ask for confirmation')
    .addHelpText('after', HELP);
  if (step === 'resolve') {
    return command
      .argument('<item>', 'its number in the list', itemName)
      .requiredOption(
        '--record <file>',
        'the corrected record, JSON, with a key of its own and refers_to the original’s',
      )
      .action(async (item: ItemName, flags: ActFlags & GatewayFlags) => {
        await act(step, [item], flags, dataDirOf(flags, io.env), io, person);
      });
  }
  return command
    .argument('[items...]', 'numbers in the list', collectItem)
    .option('--all', 'everything in the states that --state names, at most 200 at a time')
    .option('--state <state>', 'with --all, may be repeated', collectState)
    .action(async (items: readonly ItemName[], flags: ActFlags & GatewayFlags) => {
      await act(step, items, flags, dataDirOf(flags, io.env), io, person);
    });
}

const HELP = `
The list is shown first, and exactly what it shows is signed: what has changed meanwhile makes the gateway refuse the
whole act. Who may sign: a named user with the role compliance, to release a pharmacist too; or a reviewer of the roster
(schedule_two.roster_file) with a key of their own.

Exit code: 0 done, 1 refused or no gateway.`;

function onGateway(command: Command): Command {
  return command
    .option('--config <file>', 'the gateway’s configuration file; its data directory is taken from there')
    .option('--data-dir <directory>', 'its data directory')
    .option('--json', 'print the result as JSON');
}

function collectState(text: string, before: readonly WaitingState[] = []): readonly WaitingState[] {
  return [...before, stateName(text)];
}

function collectItem(text: string, before: readonly ItemName[] = []): readonly ItemName[] {
  return [...before, itemName(text)];
}
