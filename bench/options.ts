/** The benchmark's command line. */
import { parseArgs } from 'node:util';
import { PARTS, type Part, POINTS, type Point } from './model.ts';

export const USAGE = `npm run bench -- [options]

  --only a,b       what to measure: ${PARTS.join(', ')} (default: all)
  --points a,b     load points: ${POINTS.map((point) => point.name).join(', ')} (default: all)
  --seconds n      measured time per point (default 7)
  --rounds n       how often everything is repeated; medians are reported (default 3)
  --receipts       also measure the gateway with every lane subscribed to its receipts
  --records n      records in the buffer for 'preloaded' (default 2000000)
  --dir path       where the servers keep their data (default: data/ of this checkout); decides which disk is measured
  --write          put the result into docs/benchmarks.md (full runs only)
  --help
`;

export interface Options {
  readonly parts: ReadonlySet<Part>;
  readonly points: readonly Point[];
  readonly seconds: number;
  readonly rounds: number;
  readonly receipts: boolean;
  readonly preloadedRecords: number;
  readonly directory: string | null;
  readonly write: boolean;
  readonly help: boolean;
}

/** @throws Error with a sentence for the user when an option is not understood. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      points: { type: 'string' },
      seconds: { type: 'string', default: '7' },
      rounds: { type: 'string', default: '3' },
      receipts: { type: 'boolean', default: false },
      records: { type: 'string', default: '2000000' },
      dir: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const options: Options = {
    parts: new Set(chosen(values.only, PARTS, '--only')),
    points: chosen(
      values.points,
      POINTS.map((point) => point.name),
      '--points',
    ).flatMap((name) => POINTS.filter((point) => point.name === name)),
    seconds: positive(values.seconds, '--seconds'),
    rounds: positive(values.rounds, '--rounds'),
    receipts: values.receipts,
    preloadedRecords: positive(values.records, '--records'),
    directory: values.dir ?? null,
    write: values.write,
    help: values.help,
  };
  if (options.write && (options.parts.size < PARTS.length || options.points.length < POINTS.length)) {
    throw new Error('--write is for full runs: leave out --only and --points');
  }
  return options;
}

function chosen<T extends string>(text: string | undefined, allowed: readonly T[], option: string): readonly T[] {
  if (text === undefined) return allowed;
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !allowed.some((candidate) => candidate === name));
  if (unknown !== undefined) throw new Error(`${option}: ${unknown} is not one of ${allowed.join(', ')}`);
  return allowed.filter((name) => names.includes(name));
}

function positive(text: string, option: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`${option}: ${text} is not a positive number`);
  return option === '--seconds' ? value : Math.ceil(value);
}
