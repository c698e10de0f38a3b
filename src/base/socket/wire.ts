/**
 * What is said over our Unix sockets: one JSON object a line, UTF-8. A request is `{"id","op","params"}`, its answer
 * `{"id","result"}` or `{"id","error":{"code","message","hint"}}`. Requests of one connection are answered in their order.
 */
import { z } from 'zod';

export const requestSchema = z.strictObject({
  id: z.int().min(0),
  op: z.string().max(64),
  params: z.record(z.string(), z.unknown()).default({}),
});

const errorSchema = z.object({ code: z.string(), message: z.string(), hint: z.string() });

/** `id` is null when the request could not be read. */
export const answerSchema = z.union([
  z.object({ id: z.int().nullable(), error: errorSchema }),
  z.object({ id: z.int(), result: z.record(z.string(), z.unknown()) }),
]);
export type Answer = z.infer<typeof answerSchema>;
