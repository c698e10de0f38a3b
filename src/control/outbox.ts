/** What people on the box do about reports on their way out: try at once, or take out what waits for a target. */
import { z } from 'zod';
import { type Operations, operation } from '../base/socket/operations.ts';

const outboxDrop = z.strictObject({
  target: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/),
  /** The account that the command names; not proved. */
  caller: z
    .string()
    .regex(/^[\w.@-]{1,64}$/)
    .nullable(),
});

export const dropResult = z.object({ dropped: z.int() });

export interface OutboxDesk {
  retryNow(): void;
  drop(target: string, by: string | null): Promise<number>;
}

export function outboxOperations(desk: OutboxDesk): Operations {
  return {
    'report.retry': operation(z.strictObject({}), () => {
      desk.retryNow();
      return {};
    }),
    'report.drop': operation(outboxDrop, async ({ target, caller }) => ({ dropped: await desk.drop(target, caller) })),
  };
}
