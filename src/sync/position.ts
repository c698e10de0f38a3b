/**
 * Where in the stream the next batch starts. Pure.
 *
 * At first, and whenever nothing more is in sight, at the oldest PENDING record: `cursor` and `behind` are null. Three
 * things change that:
 * - A batch was answered and more was waiting: the cursor goes behind it.
 * - The PMS asks for another number (409): the cursor goes there, and whole batches follow from it, records it had
 *   before included, until nothing is left.
 * - An answer leaves a record out though it answers later ones: its number may be used up, so it must not hold the others
 *   up. The cursor moves past the batch, and what stays *behind* it is tried again on its own, at growing intervals.
 */
export interface Position {
  /** Stream number the front starts at; null: at the oldest pending record. */
  readonly cursor: number | null;
  /** Pending records before the cursor, if any: when to try them next (monotonic), and how often that failed. */
  readonly behind: { readonly failures: number; readonly dueMs: number } | null;
}

export const AT_OLDEST: Position = { cursor: null, behind: null };

export type Source =
  /** Oldest pending, in order; `below`: only numbers before it. */
  { readonly read: 'pending'; readonly below: number | null } | { readonly read: 'from'; readonly at: number };

export function sourceOf(position: Position, nowMs: number): Source {
  const { cursor, behind } = position;
  if (cursor === null) return { read: 'pending', below: null };
  if (behind !== null && behind.dueMs <= nowMs) return { read: 'pending', below: cursor };
  return { read: 'from', at: cursor };
}

/** The source had nothing to send. */
export function exhausted(position: Position, source: Source): Position {
  if (source.read === 'pending') return source.below === null ? AT_OLDEST : { ...position, behind: null };
  return position.behind === null ? AT_OLDEST : position;
}

export interface AnsweredBatch {
  readonly first: number;
  readonly last: number;
  /** More entries were waiting behind it. */
  readonly more: boolean;
  /** Stream numbers without a checked verdict, in order. */
  readonly left: readonly number[];
}

/**
 * The PMS answered a batch. `waitMs` is how long what stays behind waits, given how often it failed before. When only
 * the end of the batch has no verdict, the PMS most likely stopped there, and the next batch simply starts there.
 */
export function answered(
  position: Position,
  source: Source,
  batch: AnsweredBatch,
  nowMs: number,
  waitMs: (failures: number) => number,
): Position {
  const stoppedAt = endWithoutVerdict(batch);
  const left = batch.left.filter((number) => number < stoppedAt);
  if (source.read === 'pending' && source.below !== null) {
    if (batch.left.length === 0) return { ...position, behind: { failures: 0, dueMs: nowMs } };
    const failures = (position.behind?.failures ?? 0) + 1;
    return { ...position, behind: { failures, dueMs: nowMs + waitMs(failures) } };
  }
  if (left.length > 0) {
    return { cursor: stoppedAt, behind: position.behind ?? { failures: 0, dueMs: nowMs + waitMs(0) } };
  }
  // With more to come the front moves on by numbers: the next batch need not wait for this one's verdicts to be on disk.
  return position.cursor === null && !batch.more ? position : { ...position, cursor: stoppedAt };
}

/** First number of the unanswered end of the batch; one past the batch when its last entry was answered. */
function endWithoutVerdict(batch: AnsweredBatch): number {
  const left = new Set(batch.left);
  let end = batch.last + 1;
  while (end > batch.first && left.has(end - 1)) end -= 1;
  return end;
}

/**
 * 409: the PMS expects `expected` where a batch began with `first`. A lower number means it wants what it had before; the
 * cursor goes there. A higher one means that ours are used up there: the caller has looked them up, `settledAll` says
 * whether that ended them, and what is left of them is behind.
 */
export function redirected(
  position: Position,
  expected: number,
  first: number,
  settledAll: boolean,
  nowMs: number,
  waitMs: (failures: number) => number,
): Position {
  if (expected < first) return { cursor: expected, behind: null };
  if (settledAll) return { cursor: expected, behind: { failures: 0, dueMs: nowMs } };
  const failures = position.behind === null ? 0 : position.behind.failures + 1;
  return { cursor: expected, behind: { failures, dueMs: nowMs + waitMs(failures) } };
}
