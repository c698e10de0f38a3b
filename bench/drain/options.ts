/** The drain benchmark's command line. */
import { parseArgs } from 'node:util';
import { LINE_OPTIONS, LINE_USAGE, lineOf, positive } from '../line/options.ts';
import type { LineShape } from '../line/shape.ts';
import { type PmsKind, pmsOf } from '../store/processes.ts';

export const USAGE = `npm run bench:drain -- [options]

${LINE_USAGE}  --records n      records in the buffer (default 100000)
  --loop n         records the one-POST-per-record loop sends (default 300)
  --pms name       reference, with books on disk, or light, which only counts (default reference)
  --rounds n       how often everything is repeated; medians are reported (default 3)
  --dir path       where the servers keep their data (default: data/ of this checkout)
  --write          put the result into docs/benchmarks.md
  --help
`;

export interface DrainOptions {
  readonly pms: PmsKind;
  readonly line: LineShape;
  readonly records: number;
  readonly loopRecords: number;
  readonly rounds: number;
  readonly directory: string | null;
  readonly write: boolean;
  readonly help: boolean;
}

/** @throws Error with a sentence for the user when an option is not understood. */
export function readOptions(args: readonly string[]): DrainOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...LINE_OPTIONS,
      records: { type: 'string', default: '100000' },
      loop: { type: 'string', default: '300' },
      pms: { type: 'string', default: 'reference' },
      rounds: { type: 'string', default: '3' },
      dir: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    pms: pmsOf(values.pms),
    line: lineOf(values),
    records: Math.ceil(positive(values.records, '--records')),
    loopRecords: Math.ceil(positive(values.loop, '--loop')),
    rounds: Math.ceil(positive(values.rounds, '--rounds')),
    directory: values.dir ?? null,
    write: values.write,
    help: values.help,
  };
}
