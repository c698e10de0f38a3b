/** What the gateway and the process that keeps its mirror say to each other: one JSON object a line, on standard input and output. */
import { z } from 'zod';

/** First line to the child. */
export const mirrorTask = z.strictObject({
  dataDir: z.string(),
  trailDir: z.string(),
  mirrorDir: z.string(),
});
export type MirrorTask = z.infer<typeof mirrorTask>;

/** Each further one: bring the mirror up to what is committed now. */
export const mirrorAsk = z.strictObject({ tick: z.int() });

/** The answer to a tick; `fault`: it did not come about. */
export const mirrorAnswer = z.strictObject({
  tick: z.int(),
  fault: z.strictObject({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
});
export type MirrorAnswer = z.infer<typeof mirrorAnswer>;
