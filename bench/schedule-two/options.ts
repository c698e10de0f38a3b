/** The Schedule II benchmark's command line. */
import { parseArgs } from 'node:util';
import { LINE_OPTIONS, LINE_USAGE, lineOf, positive } from '../line/options.ts';
import type { LineShape } from '../line/shape.ts';
import { type PmsKind, pmsOf } from '../store/processes.ts';

export const USAGE = `npm run bench:schedule-two -- [options]

${LINE_USAGE}  --records n      standard records in the buffer (default 1000000)
  --samples n      Schedule II records sold in each state (default 100)
  --pms name       reference, with books on disk, or light, which only counts (default light)
  --dir path       where the servers keep their data (default: data/ of this checkout)
  --write          put the result into docs/benchmarks.md
  --help
`;

export interface ScheduleTwoOptions {
  readonly pms: PmsKind;
  readonly line: LineShape;
  readonly records: number;
  readonly samples: number;
  readonly directory: string | null;
  readonly write: boolean;
  readonly help: boolean;
}

/** @throws Error with a sentence for the user when an option is not understood. */
export function readOptions(args: readonly string[]): ScheduleTwoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...LINE_OPTIONS,
      records: { type: 'string', default: '1000000' },
      samples: { type: 'string', default: '100' },
      pms: { type: 'string', default: 'light' },
      dir: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    pms: pmsOf(values.pms),
    line: lineOf(values),
    records: Math.ceil(positive(values.records, '--records')),
    samples: Math.ceil(positive(values.samples, '--samples')),
    directory: values.dir ?? null,
    write: values.write,
    help: values.help,
  };
}
