/** How long the oldest entry that is not yet synced has been waiting, from a bounded number of marks. */

/** Marks closer than this are one: the older time stands for both. */
const MERGE_MS = 100;
const MARKS = 1024;

export class WaitingAge {
  readonly #marks: { end: number; readonly atMs: number }[] = [];

  /** Entries below `end` have been fixed by now. `nowMs` is monotonic. */
  fixed(end: number, nowMs: number): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && (nowMs - last.atMs < MERGE_MS || this.#marks.length >= MARKS)) last.end = end;
    else this.#marks.push({ end, atMs: nowMs });
  }

  /** Entries below `size` are synced. */
  stored(size: number): void {
    while ((this.#marks[0]?.end ?? Number.POSITIVE_INFINITY) <= size) this.#marks.shift();
  }

  /** 0 when nothing waits. */
  ageMs(nowMs: number): number {
    const oldest = this.#marks[0];
    return oldest === undefined ? 0 : Math.max(0, nowMs - oldest.atMs);
  }
}
