/**
 * Appends groups to the segments of one trail. One group is one append and one fdatasync; after either has failed the
 * segment is abandoned and never written again: the kernel may have dropped what it could not write and would call the
 * next sync a success.
 *
 * If the power goes: before the sync has returned, any part of the group may be there and none of it counts (the buffer
 * still has its rows); after it, all of it counts and the rows may go.
 */
import type { Clock } from '../base/clock.ts';
import { toUtcText } from '../base/clock.ts';
import type { TrailLog } from '../buffer/api.ts';
import type { SegmentKeeper } from './api.ts';
import { type AppendHandle, codeOf, type TrailDisk } from './disk.ts';
import { formatFraming, type SegmentEnd } from './framing.ts';
import { segmentPath } from './names.ts';
import { describeEnd } from './scan.ts';

/** A segment that holds this much is closed. */
export const SEGMENT_BYTES = 8 * 1024 * 1024;

/** Where a trail's files end. */
export interface Tip {
  /** The segment to go on in; null when the next group begins one. */
  readonly current: { readonly n: number; readonly bytes: number; readonly begunAt: string } | null;
  /** Number of the next segment. */
  readonly next: number;
  /** How many bytes count of the segments before the next one, newest first, down to one of which some do. */
  readonly ends: readonly { readonly n: number; readonly valid: number }[];
}

export type FaultStep = 'open' | 'write' | 'sync' | 'seal';

/** A segment could not be written; nothing of the group counts. */
export class SegmentFault extends Error {
  readonly n: number;
  readonly step: FaultStep;
  /** Node's or the keeper's code, such as ENOSPC. */
  readonly code: string;

  constructor(n: number, step: FaultStep, cause: unknown) {
    super(`segment ${n}: ${step} failed (${codeOf(cause)})`, { cause });
    this.name = 'SegmentFault';
    this.n = n;
    this.step = step;
    this.code = codeOf(cause);
  }
}

export interface AppenderParts {
  readonly log: TrailLog;
  readonly trailDir: string;
  readonly disk: TrailDisk;
  readonly keeper: SegmentKeeper;
  readonly clock: Clock;
  readonly segmentBytes: number;
}

/** A segment begun with this group, and the leaf of its framing line. */
export interface Begun {
  readonly n: number;
  readonly leaf: Buffer;
}

interface Open {
  readonly n: number;
  readonly handle: AppendHandle;
  /** What is there and synced. */
  bytes: number;
  /** UTC day of its framing line. */
  readonly day: string;
}

export class SegmentAppender {
  readonly #parts: AppenderParts;
  #resume: Tip['current'];
  #next: number;
  #ends: readonly { readonly n: number; readonly valid: number }[];
  #open: Open | null = null;

  constructor(parts: AppenderParts, tip: Tip) {
    this.#parts = parts;
    this.#resume = tip.current;
    this.#next = tip.next;
    this.#ends = tip.ends;
  }

  /** Number of the segment that is written, or was last. */
  get segment(): number | null {
    return this.#open?.n ?? (this.#next === 0 ? null : this.#next - 1);
  }

  /**
   * The lines are on disk when this resolves; tells of the segment that was begun for them, if one was.
   * @throws SegmentFault when nothing of them counts.
   */
  async append(lines: Buffer): Promise<Begun | null> {
    const nowText = toUtcText(this.#parts.clock.utcMs());
    await this.#leaveIfDone(dayOf(nowText));
    await this.#reopen();
    if (this.#open !== null) {
      await this.#write(this.#open, lines);
      return null;
    }
    const { open, framing } = await this.#begin(nowText);
    await this.#write(open, Buffer.concat([Buffer.from(framing.line), lines]));
    return { n: open.n, leaf: framing.leaf };
  }

  /** Safe at any time; what was appended is on disk already. */
  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.handle.close().catch(() => undefined);
  }

  /** Full, or of an earlier day. A clock that was set back begins no segment: it would do so with every step. */
  async #leaveIfDone(today: string): Promise<void> {
    const open = this.#open;
    if (open === null || (open.bytes < this.#parts.segmentBytes && today <= open.day)) return;
    await this.close();
    this.#ends = [{ n: open.n, valid: open.bytes }];
  }

  /** Goes on in the segment the last process left, if it is still as it was read. */
  async #reopen(): Promise<void> {
    const resume = this.#resume;
    if (resume === null) return;
    const { n, bytes, begunAt } = resume;
    // Whatever hinders it, a new segment is always right too.
    this.#resume = null;
    const handle = await this.#openFile(n);
    const found = await handle.size().catch(() => -1);
    if (
      found === bytes &&
      bytes < this.#parts.segmentBytes &&
      dayOf(toUtcText(this.#parts.clock.utcMs())) <= dayOf(begunAt)
    ) {
      this.#open = { n, handle, bytes, day: dayOf(begunAt) };
      return;
    }
    await handle.close().catch(() => undefined);
  }

  async #begin(nowText: string) {
    const n = this.#next;
    const handle = await this.#openFile(n);
    try {
      const found = await handle.size();
      if (found > 0) {
        this.#abandon(n, 0);
        throw new Error('a new segment is not empty');
      }
      const framing = formatFraming({ n, ends: await this.#describeEnds(), t: nowText });
      const open: Open = { n, handle, bytes: 0, day: dayOf(nowText) };
      this.#open = open;
      return { open, framing };
    } catch (error) {
      await handle.close().catch(() => undefined);
      throw new SegmentFault(n, 'open', error);
    }
  }

  async #describeEnds(): Promise<SegmentEnd[]> {
    const { disk, trailDir, log } = this.#parts;
    const ends: SegmentEnd[] = [];
    for (const { n, valid } of this.#ends) {
      const path = segmentPath(trailDir, log, n);
      // What is committed to must be on disk first. Where that fails the tail stays in doubt, and `trail_fault` tells of it.
      await disk.sync(path).catch(() => undefined);
      ends.push(await describeEnd(disk, path, n, valid));
    }
    return ends;
  }

  async #openFile(n: number): Promise<AppendHandle> {
    const { keeper, disk, log } = this.#parts;
    try {
      const { path } = await keeper.prepare(log, n);
      return await disk.open(path);
    } catch (error) {
      throw new SegmentFault(n, 'open', error);
    }
  }

  async #write(open: Open, bytes: Buffer): Promise<void> {
    let step: FaultStep = 'write';
    try {
      await open.handle.append(bytes);
      step = 'sync';
      await open.handle.sync();
    } catch (error) {
      const isUntouched = step === 'write' && open.bytes === 0 && (await open.handle.size().catch(() => -1)) === 0;
      await this.close();
      if (!isUntouched) this.#abandon(open.n, open.bytes);
      throw new SegmentFault(open.n, step, error);
    }
    open.bytes += bytes.length;
    this.#next = Math.max(this.#next, open.n + 1);
  }

  #abandon(n: number, valid: number): void {
    this.#ends = valid > 0 ? [{ n, valid }] : [{ n, valid }, ...this.#ends];
    this.#next = Math.max(this.#next, n + 1);
  }
}

function dayOf(utcText: string): string {
  return utcText.slice(0, 10);
}
