/** `counterfoil trail show`: what happened, entry by entry. */
import { setTimeout as pause } from 'node:timers/promises';
import { Command } from 'commander';
import { CounterfoilError } from '../../base/errors.ts';
import { type Filter, type Position, readEntries, type ShownEntry } from '../../inspect/entries.ts';
import { oneLine } from '../../inspect/one-line.ts';
import { findLogs, type LogName } from '../../inspect/verify.ts';
import type { CommandIo } from './io.ts';
import { logNamed, timeOf, trailDirectory, whole, withPlace } from './trail-place.ts';

/** How long a follower waits before it looks again. */
const LOOK_AGAIN_MS = 500;

interface ShowFlags {
  readonly config?: string;
  readonly log?: string;
  readonly kind?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly sequence?: string;
  readonly index?: string;
  readonly limit?: string;
  readonly follow?: boolean;
  readonly json?: boolean;
}

/** The `show` command; with --follow it goes on until it is interrupted. */
export function trailShow(io: CommandIo): Command {
  return withPlace(new Command('show'))
    .description('the entries, one line each; nothing is verified here')
    .option('--kind <kind...>', 'only entries of these kinds')
    .option('--from <time>', 'only from this time on (RFC 3339, or a day)')
    .option('--to <time>', 'only up to this time (RFC 3339, or a day, which is then included)')
    .option('--sequence <number>', 'only entries that tell of this record')
    .option('--index <range>', 'only these entries: 17, 17..42, 17.. or ..42')
    .option('--limit <number>', 'stop after so many')
    .option('--follow', 'go on with what comes')
    .option('--json', 'print the entries as they are written, one a line')
    .action(async (directory: string | undefined, flags: ShowFlags) => show(io, directory, flags));
}

async function show(io: CommandIo, named: string | undefined, flags: ShowFlags): Promise<void> {
  const logs = findLogs(trailDirectory(named, flags.config, io.env), logNamed(flags.log));
  const filter = filterOf(flags);
  const limit = flags.limit === undefined ? Number.POSITIVE_INFINITY : whole(flags.limit, '--limit');
  const places = new Map<LogName, Position>([...logs.keys()].map((log) => [log, { segment: 0, offset: 0 }]));
  let shown = 0;
  const print = (entry: ShownEntry): boolean => {
    if (shown >= limit) return false;
    shown += 1;
    io.write(flags.json === true ? `${entry.text}\n` : `${oneLine(entry, logs.size > 1)}\n`);
    return shown < limit;
  };
  for (;;) {
    for (const [log, directory] of logs) {
      if (!readEntries(directory, log, filter, places.get(log) ?? { segment: 0, offset: 0 }, print)) return;
    }
    if (flags.follow !== true) return;
    await pause(LOOK_AGAIN_MS);
  }
}

function filterOf({ kind, from, to, sequence, index }: ShowFlags): Filter {
  const [firstIndex, lastIndex] = rangeOf(index);
  return {
    kinds: kind === undefined ? null : new Set(kind),
    fromMs: from === undefined ? null : timeOf(from, false),
    toMs: to === undefined ? null : timeOf(to, true),
    firstIndex,
    lastIndex,
    sequence: sequence === undefined ? null : whole(sequence, '--sequence'),
  };
}

function rangeOf(range: string | undefined): [number, number] {
  if (range === undefined) return [0, Number.POSITIVE_INFINITY];
  const [, first = '', dots = '', last = ''] = /^(\d*)(\.\.)?(\d*)$/.exec(range) ?? [];
  if (first === '' && last === '')
    throw new CounterfoilError('usage', `--index ${range} is no range`, 'Write 17, 17..42, 17.. or ..42.');
  const from = first === '' ? 0 : Number(first);
  if (dots === '') return [from, from];
  return [from, last === '' ? Number.POSITIVE_INFINITY : Number(last)];
}
