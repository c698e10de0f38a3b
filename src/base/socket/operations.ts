/** What can be asked for over a socket: a closed list, each operation with the form of its parameters. */
import type { z } from 'zod';
import { CounterfoilError } from '../errors.ts';

type Result = Readonly<Record<string, unknown>>;

export interface Operation {
  /** Throws `usage` for parameters of another form, and what the operation throws. */
  run(params: unknown): Promise<Result>;
}

/** By name, such as `review.list`. */
export type Operations = Readonly<Record<string, Operation>>;

export function operation<P>(form: z.ZodType<P>, act: (params: P) => Promise<Result> | Result): Operation {
  return {
    async run(params) {
      const read = form.safeParse(params);
      if (read.success) return await act(read.data);
      // Only where, never what: a parameter may hold a record.
      const where = [...new Set(read.error.issues.map(({ path }) => `params.${path.join('.')}`))].join(', ');
      throw new CounterfoilError(
        'usage',
        `not understood: ${where}`,
        'Both sides are perhaps of different versions; use the same.',
      );
    },
  };
}
