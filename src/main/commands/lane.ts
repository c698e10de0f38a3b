/** `counterfoil lane`: what a till does, from the command line, and who may practise. */
import { Command } from 'commander';
import { CounterfoilError } from '../../base/errors.ts';
import { testify } from '../../lane/testimony.ts';
import { isTopicName } from '../../record/lane-wire.ts';
import { type CommandIo, processIo } from './io.ts';
import { enrolCommands } from './lane-enroll.ts';
import { joinCommands } from './lane-join.ts';
import { DEFAULT_URL, type PublishFlags, publish } from './lane-publish.ts';
import { type SimulateFlags, simulate } from './lane-simulate.ts';
import { trainingCommand } from './lane-training.ts';

/** The `lane` command with its sub-commands; failures are thrown as `CounterfoilError`. */
export function laneCommand(io: CommandIo = processIo): Command {
  const lane = new Command('lane').description(
    'publish records as a till does, play a whole store, enrol tills, or let a lane practise',
  );
  lane
    .command('publish')
    .description('publish a record, or one a line, and print what the gateway says')
    .option('--identity <folder>', 'the folder of "lane join": who, where, key and certificate')
    .option('--store <name>', 'the store, as in the gateway’s setting gateway.store', name)
    .option('--lane <name>', 'the lane to publish as', name)
    .option('--url <url>', `the gateway: mqtt://host:1883 or mqtts://host:8883 (default: ${DEFAULT_URL})`)
    .option('--file <file>', 'file with the record or records; - is standard input', '-')
    .option('--timeout <seconds>', 'how long to wait for the answer to each record', positive, 10)
    .option('--ca-file <file>', 'PEM: authority of the gateway’s certificate')
    .option('--cert-file <file>', 'PEM: certificate of the lane')
    .option('--key-file <file>', 'PEM: key of the lane')
    .option('--username <name>', 'name of a lane that has a password')
    .option('--password-file <file>', 'file with its password')
    .option('--sign-key <file>', 'PEM: private key of the pharmacist; signs Schedule II records')
    .option('--sign-kid <name>', 'kid of that key on the roster')
    .option('--sign-passphrase-file <file>', 'file with the passphrase of that key (default: asks for it)')
    .option('--json', 'print each receipt as JSON, one a line')
    .addHelpText('after', PUBLISH_HELP)
    .action(async (flags: PublishFlags) => await publish(flags, io));
  lane
    .command('simulate')
    .description('sell like a store: several lanes, mixed schedules, rushes, voids and mishaps')
    .requiredOption('--store <name>', 'the store, as in the gateway’s setting gateway.store', name)
    .option('--url <url>', 'the gateway: mqtt://host:1883', DEFAULT_URL)
    .option('--lanes <number>', 'number of lanes; they are called lane-1, lane-2 …', lanes, 4)
    .option('--rate <number>', 'records a second, all lanes together, on average', positive, 5)
    .option('--bad-rate <share>', 'share of publishes that go wrong somehow, 0 to 1', share, 0.02)
    .option('--seed <text>', 'the same seed sells the same (default: another one each time)')
    .option('--duration <seconds>', 'stop after so long (default: when told to)', positive)
    .option('--drain <seconds>', 'then let the lanes bring what they still keep for at most so long', positive, 10)
    .option('--outbox <folder>', 'keep the lanes’ outboxes there (default: a temporary folder)')
    .option('--json', 'print the figures as JSON')
    .addHelpText('after', SIMULATE_HELP)
    .action(async (flags: SimulateFlags) => await simulate(flags, io));
  lane
    .command('receipts')
    .description('print what a till holds about the trail, for counterfoil trail verify --witness')
    .requiredOption('--outbox <file>', 'the outbox of the till, which must not be running, or a copy of it')
    .addHelpText('after', RECEIPTS_HELP)
    .action((flags: { outbox: string }) => testify(flags.outbox, (line) => io.write(line)));
  lane.addCommand(trainingCommand(io));
  for (const command of [...enrolCommands(io), ...joinCommands(io)]) lane.addCommand(command);
  return lane;
}

const RECEIPTS_HELP = `
JSON lines: the newest checkpoint the till was shown, then the newest receipt of each record (30 days of them). Receipts
hold keys, numbers and hashes of records, not the records. Send the output to a file and give that to the inspector.`;

const SIMULATE_HELP = `
Schedule II records are signed by the two pharmacists of config/demo-roster.yaml; a few of those that go wrong are not.

Exit code: 0 all records are at the gateway, 1 some are not.`;

const PUBLISH_HELP = `
The file holds one JSON object, or one a line (JSON Lines). It is published exactly as it stands, so publishing the
same file again is answered "duplicate" and changes nothing. Nothing is kept here: a till that sells uses an outbox.
With --sign-key, Schedule II records get a signature more. An ES256 signature is another one each time, so that the same
file signed and published again is a "conflict"; with EdDSA it is the same.

Exit code: 0 every record is accepted or known already, 1 a record is refused or in conflict, or no answer came.`;

function name(text: string): string {
  if (isTopicName(text)) return text;
  throw new CounterfoilError('usage', `"${text}" is no name of a store or lane`, 'use 1 to 64 of A-Z a-z 0-9 _ -');
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new CounterfoilError('usage', `"${text}" is no number above 0`, 'write it like 5 or 0.5');
}

function lanes(text: string): number {
  const value = positive(text);
  if (Number.isInteger(value) && value <= 200) return value;
  throw new CounterfoilError('usage', `${text} lanes cannot be simulated`, 'use a whole number from 1 to 200');
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new CounterfoilError('usage', `"${text}" is no share`, 'write a number from 0 to 1, such as 0.02');
}
