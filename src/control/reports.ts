/** What `report run` has the running gateway do: write down that a report is about to be made, and take it on once it is. */
import { z } from 'zod';
import { type Operations, operation } from '../base/socket/operations.ts';

export const reportBegin = z.strictObject({
  kind: z.string().regex(/^[a-z_]{1,24}$/),
  from_ms: z.int(),
  to_ms: z.int(),
  /** The account that the command names; not proved. */
  caller: z
    .string()
    .regex(/^[\w.@-]{1,64}$/)
    .nullable(),
});
export type ReportBegin = z.output<typeof reportBegin>;

export interface ReportDesk {
  /** Resolves when everything recorded so far is in the trail's files. */
  begin(of: ReportBegin): Promise<void>;
  /** Looks for complete reports that nobody has been told of. */
  made(): Promise<void>;
}

export function reportOperations(desk: ReportDesk): Operations {
  return {
    'report.begin': operation(reportBegin, async (of) => {
      await desk.begin(of);
      return {};
    }),
    'report.made': operation(z.strictObject({}), async () => {
      await desk.made();
      return {};
    }),
  };
}
