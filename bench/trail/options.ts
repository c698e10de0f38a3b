/** The trail benchmark's command line. */
import { parseArgs } from 'node:util';
import { positive } from '../line/options.ts';
import { POINTS, type Point } from '../model.ts';

export const USAGE = `npm run bench:trail -- [options]

  --points a,b     load points: ${POINTS.map(({ name }) => name).join(', ')} (default 1x1,8x32)
  --seconds n      measured time per point (default 7)
  --rounds n       how often everything is repeated; medians are reported (default 3)
  --sales n        records sold one by one for the size on disk; 0: not measured (default 300)
  --dir path       where the servers keep their data (default: data/ of this checkout); decides which disk is measured
  --write          put the result into docs/benchmarks.md
  --help
`;

export interface TrailOptions {
  readonly points: readonly Point[];
  readonly seconds: number;
  readonly rounds: number;
  readonly sales: number;
  readonly directory: string | null;
  readonly write: boolean;
  readonly help: boolean;
}

/** @throws Error with a sentence for the user. */
export function readOptions(args: readonly string[]): TrailOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      points: { type: 'string', default: '1x1,8x32' },
      seconds: { type: 'string', default: '7' },
      rounds: { type: 'string', default: '3' },
      sales: { type: 'string', default: '300' },
      dir: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    points: values.points.split(',').map(pointOf),
    seconds: positive(values.seconds, '--seconds'),
    rounds: Math.ceil(positive(values.rounds, '--rounds')),
    sales: values.sales === '0' ? 0 : Math.ceil(positive(values.sales, '--sales')),
    directory: values.dir ?? null,
    write: values.write,
    help: values.help,
  };
}

function pointOf(name: string): Point {
  const point = POINTS.find((each) => each.name === name.trim());
  if (point === undefined)
    throw new Error(`--points: ${name} is not one of ${POINTS.map((each) => each.name).join(', ')}`);
  return point;
}
