/** `counterfoil lane training`: puts a lane in training for some hours, ends it, or says which lanes are. */
import { Command } from 'commander';
import { CounterfoilError } from '../../base/errors.ts';
import { callGateway } from '../../control/client.ts';
import { MAX_TRAINING_HOURS } from '../../control/training/lanes.ts';
import { trainingResult } from '../../control/training/operations.ts';
import { isTopicName } from '../../record/lane-wire.ts';
import { type DataDirFlags, dataDirOf } from './data-dir.ts';
import type { CommandIo } from './io.ts';

interface TrainingFlags extends DataDirFlags {
  readonly lane?: string;
  readonly hours?: number;
  readonly off?: true;
  readonly json?: true;
}

/** The sub-command; failures are thrown as `CounterfoilError`. */
export function trainingCommand(io: CommandIo): Command {
  return new Command('training')
    .description('let a lane practise on its training topic for some hours; without --lane: list the lanes that may')
    .option('--config <file>', 'the gateway’s configuration file; its data directory is taken from there')
    .option('--data-dir <directory>', 'its data directory')
    .option('--lane <name>', 'the lane')
    .option('--hours <number>', `from now on, at most ${MAX_TRAINING_HOURS}`, hours)
    .option('--off', 'end it now')
    .option('--json', 'print the lanes in training as JSON')
    .addHelpText('after', HELP)
    .action(async (flags: TrainingFlags) => {
      const [op, params] = asked(flags);
      const { lanes } = await callGateway(dataDirOf(flags, io.env), op, params, trainingResult);
      if (flags.json === true) {
        io.write(`${JSON.stringify({ lanes })}\n`);
        return;
      }
      const lines = lanes.map(({ lane, until_utc }) => `${lane} is in training until ${until_utc}\n`);
      io.write(lines.length === 0 ? 'no lane is in training\n' : lines.join(''));
    });
}

const HELP = `
A lane in training publishes practice records to pos/{store}/{lane}/training and gets the usual receipts, marked
"training": true. They are no records: they are in no stream, no figure and no archive. What the lane publishes to
pos/{store}/{lane}/records is a sale all the time. Training ends by itself.`;

function asked({ lane, hours, off }: TrainingFlags): [op: string, params: Readonly<Record<string, unknown>>] {
  if (lane === undefined && hours === undefined && off === undefined) return ['training.list', {}];
  if (lane === undefined || !isTopicName(lane)) {
    throw new CounterfoilError('usage', 'which lane?', 'Name it: --lane lane-1 (1 to 64 of A-Z a-z 0-9 _ -).');
  }
  if (off === true && hours === undefined) return ['training.end', { lane }];
  if (off === undefined && hours !== undefined) return ['training.put', { lane, hours }];
  throw new CounterfoilError('usage', 'in training, or out of it?', 'Write --hours 2, or --off.');
}

function hours(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value <= MAX_TRAINING_HOURS) return value;
  const hint = `Write a number up to ${MAX_TRAINING_HOURS}, such as 2 or 0.5.`;
  throw new CounterfoilError('usage', `"${text}" hours are not possible`, hint);
}
