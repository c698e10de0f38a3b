/**
 * What is said over the control socket: one JSON object a line, UTF-8. A request is `{"id","op","params"}`, its answer
 * `{"id","result"}` or `{"id","error":{"code","message","hint"}}`. Requests of one connection are answered in their order.
 */
import { z } from 'zod';

/** A signed act of the most subjects with a corrected record of 64 KiB takes about 200 KiB. */
export const MAX_REQUEST_BYTES = 384 * 1024;
/** 256 KiB of evidence in base64 take 342 KiB. */
export const MAX_ANSWER_BYTES = 1024 * 1024;

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
