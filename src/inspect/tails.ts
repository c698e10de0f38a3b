/** Torn tails: what was being written when power or disk failed. Does not count, but must not change, and must be repeated. */
import { createHash } from 'node:crypto';
import { hashHolds, newEntryLine, readLine, readMembers } from './entry-line.ts';
import { type LineScanner, pieces } from './files.ts';
import { type Findings, NOWHERE } from './findings.ts';
import type { SegmentFile, Told } from './segments.ts';

interface WholeLine {
  readonly leaf: string;
  readonly segment: number;
  readonly offset: number;
}

export class Tails {
  readonly #findings: Findings;
  readonly #scanner: LineScanner;
  /** Whole lines of torn tails that the trail has not repeated yet, by index. At most what one torn group held. */
  readonly #awaited = new Map<number, WholeLine>();
  readonly #changed: { readonly segment: number; readonly offset: number; readonly message: string }[] = [];
  readonly #rewritten: { readonly index: number; readonly line: WholeLine }[] = [];
  readonly #failedSegments = new Set<number>();
  readonly #lost: number[] = [];

  constructor(findings: Findings, scanner: LineScanner) {
    this.#findings = findings;
    this.#scanner = scanner;
  }

  /** Compares a tail with what a later framing line says of it. */
  compare({ n, path, bytes }: SegmentFile, { pl, pv, ph, by }: Told): void {
    if (bytes !== pl) {
      const how = bytes > pl ? `${bytes - pl} bytes were added to` : `${pl - bytes} bytes are missing at`;
      this.#changed.push({
        segment: n,
        offset: Math.min(bytes, pl),
        message: `${how} the end of segment ${n}: it has ${bytes} bytes, segment ${by} found ${pl}`,
      });
    } else if (tailHash(path, pv, pl) !== ph) {
      this.#changed.push({
        segment: n,
        offset: pv,
        message: `the torn tail of segment ${n} (bytes ${pv} to ${pl}) is not what segment ${by} found`,
      });
    }
  }

  /** Remembers the whole lines of a tail: they must come again. */
  remember({ n, path, bytes }: SegmentFile, from: number): void {
    const line = newEntryLine();
    this.#scanner.scan(path, from, bytes, (buffer, start, end, offset) => {
      if (readLine(line, buffer, start, end) && hashHolds(line) && readMembers(line)) {
        this.#awaited.set(line.index, { leaf: line.written, segment: n, offset });
      }
      return true;
    });
  }

  /** An entry that counts. */
  see(index: number, leaf: string): void {
    if (this.#awaited.size === 0) return;
    const line = this.#awaited.get(index);
    if (line === undefined) return;
    this.#awaited.delete(index);
    if (line.leaf !== leaf) this.#rewritten.push({ index, line });
  }

  /** The trail tells that a write to this segment failed: the disk may show anything behind its valid part. */
  diskFailed(segment: number): void {
    this.#failedSegments.add(segment);
  }

  /** The trail tells that it has entries up to `have` where somebody has seen more. */
  tailLost(have: number): void {
    this.#lost.push(have);
  }

  end(size: number): void {
    for (const { segment, offset, message } of this.#changed) {
      if (this.#failedSegments.has(segment)) {
        this.#findings.remark('tail_in_doubt', segment, null, `${message}; the trail tells that the disk failed there`);
      } else {
        this.#findings.fault('tail_changed', { segment, offset, index: null }, message);
      }
    }
    for (const { index, line } of this.#rewritten) {
      if (this.#lost.some((have) => have <= index)) continue;
      this.#findings.fault(
        'tail_rewritten',
        { ...NOWHERE, segment: line.segment, offset: line.offset, index },
        `entry ${index} stood here before the interruption with other content than it has now`,
      );
    }
    const open = [...this.#awaited.keys()].filter((index) => index >= size);
    if (open.length > 0) {
      this.#findings.remark(
        'tail_not_repeated',
        null,
        Math.min(...open),
        `${open.length} whole entries in torn tails have not come again: the gateway has not run since`,
      );
    }
  }
}

function tailHash(path: string, from: number, to: number): string {
  const digest = createHash('sha256');
  for (const piece of pieces(path, from, to)) digest.update(piece);
  return digest.digest('base64');
}
