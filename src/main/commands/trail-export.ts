/** `counterfoil trail export`: the trails for an inspector, with all it takes to check them. */
import { Command } from 'commander';
import { CounterfoilError, EXIT } from '../../base/errors.ts';
import { planExport, writeExport } from '../../inspect/export.ts';
import { directorySink, tarSink } from '../../inspect/tar.ts';
import { plural } from '../../inspect/verdict-text.ts';
import { findLogs } from '../../inspect/verify.ts';
import type { CommandIo } from './io.ts';
import { logNamed, timeOf, trailDirectory, withPlace } from './trail-place.ts';
import { keyFrom } from './trail-verify.ts';

interface ExportFlags {
  readonly config?: string;
  readonly log?: string;
  readonly key?: string;
  readonly to?: string;
  readonly from?: string;
  readonly until?: string;
  readonly tiles?: boolean;
}

/** The `export` command. Ends with 1 when the trail does not hold; it is exported all the same, and says so. */
export function trailExport(io: CommandIo): Command {
  return withPlace(new Command('export'))
    .description('segments, keys, checkpoints and how to check them, as one tar file or a directory')
    .requiredOption('--to <target>', 'a file that ends in .tar, or a directory; it must not be there yet')
    .option('--from <time>', 'leave out segments that end before this time (RFC 3339, or a day)')
    .option('--until <time>', 'leave out segments that begin after this time')
    .option('--key <key>', 'trust this verifier key (or the file that holds it) and no other')
    .option('--tiles', 'add the whole trail as C2SP tlog-tiles')
    .action((directory: string | undefined, flags: ExportFlags) => write(io, directory, flags));
}

function write(io: CommandIo, named: string | undefined, flags: ExportFlags): void {
  const { from, key, tiles = false, to = '', until } = flags;
  const plan = planExport({
    logs: findLogs(trailDirectory(named, flags.config, io.env), logNamed(flags.log)),
    key: key === undefined ? null : keyFrom(key),
    fromMs: from === undefined ? null : timeOf(from, false),
    toMs: until === undefined ? null : timeOf(until, true),
    tiles,
  });
  if (to === '') throw new CounterfoilError('usage', 'where to?', 'Name a .tar file or a directory with --to.');
  writeExport(plan, tiles, to.endsWith('.tar') ? tarSink(to, plan.newestMs) : directorySink(to));
  for (const { entries, leftOutAfter, leftOutBefore, log, segments } of plan.logs) {
    const left = leftOutBefore.length + leftOutAfter.length;
    io.write(
      `${log}: ${plural(entries, 'entry', 'entries')} in ${plural(segments.length, 'segment')}${left === 0 ? '' : `, ${plural(left, 'segment')} left out`}\n`,
    );
  }
  io.write(`${to}: written; README.txt in it says how to check it\n`);
  if (plan.faultsTotal === 0) return;
  io.write(
    `THE TRAIL DOES NOT HOLD (${plan.faultsTotal} faults): it was exported as it is; see counterfoil trail verify\n`,
  );
  io.exitWith(EXIT.failure);
}
