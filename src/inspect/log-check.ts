/** Verifies one trail: segment by segment, every byte, every index, every checkpoint, in one pass and with little memory. */
import { ArchiveTold } from './archive-told.ts';
import { tellSigned, tellWhole } from './as-a-whole.ts';
import { Chain, NO_LEAF } from './chain.ts';
import type { EntryLine } from './entry-line.ts';
import type { LineScanner } from './files.ts';
import { Findings, type Place } from './findings.ts';
import { Meaning, type Taken } from './meaning.ts';
import { EMPTY_ROOT, GrowingTree } from './merkle.ts';
import type { VerifierKey } from './note.ts';
import { openEnd } from './open-end.ts';
import { type FramingFound, readTrailFiles, type SegmentFile, type Told, type TrailFiles } from './segments.ts';
import { Signed } from './signed.ts';
import { Tails } from './tails.ts';
import { type ClockWord, Times } from './times.ts';
import type { LogVerdict, SegmentVerdict } from './verdict.ts';
import { readWindow, type Window } from './window.ts';

export interface LogTask {
  readonly directory: string;
  readonly log: string;
  /** Public key that signs, brought from outside; null: believe the trail's own word. */
  readonly trusted: Buffer | null;
  readonly witnessKeys: readonly VerifierKey[];
  /** Sizes whose root, and indexes whose leaf, somebody wants to know; ascending. */
  readonly wantedRoots: readonly number[];
  readonly wantedLeaves: readonly number[];
  readonly scanner: LineScanner;
  /** What the other trail tells of the clock. */
  readonly clockWords: readonly ClockWord[];
  /** Hears each leaf of the tree, in order; the buffer is used again. */
  readonly onLeaf?: (index: number, leaf: Buffer) => void;
}

export interface LogResult {
  readonly verdict: LogVerdict;
  readonly roots: ReadonlyMap<number, Buffer>;
  /** Leaves in base64. */
  readonly leaves: ReadonlyMap<number, string>;
  readonly keyOf: (origin: string) => VerifierKey | null;
  readonly clockWords: readonly ClockWord[];
  /** Records told of, an element for each epoch. */
  readonly taken: readonly Taken[];
  /** By segment: where the trail stood when it began, and the newest checkpoint that held when it ended. */
  readonly marks: ReadonlyMap<number, SegmentMark>;
  /** Newest checkpoint that a witness has signed too, as a note with both signatures; null without one. */
  readonly cosigned: string | null;
  /** What it tells of its stream's archive. */
  readonly archive: ArchiveTold;
}

export interface SegmentMark {
  /** Null once the tree cannot be told any more. */
  readonly begins: Window | null;
  readonly checkpoint: LogVerdict['checkpoints']['newest'];
}

/** Verifies a trail. A checkpoint that stands very far behind its size costs a second pass. @throws CounterfoilError `storage_io`. */
export function checkLog(task: LogTask): LogResult {
  const files = readTrailFiles(task.directory);
  const first = new LogCheck(task, files);
  const result = first.run();
  if (first.late.length === 0) return result;
  const wantedRoots = [...new Set([...task.wantedRoots, ...first.late])].sort((a, b) => a - b);
  return new LogCheck({ ...task, wantedRoots }, files).run();
}

/** How far a segment counts, and what is said of its end. */
interface Extent {
  readonly framing: FramingFound | 'missing';
  readonly from: number;
  readonly to: number;
  readonly told: Told | undefined;
}

class LogCheck {
  readonly #task: LogTask;
  readonly #files: TrailFiles;
  readonly #findings = new Findings();
  readonly #signed: Signed;
  readonly #tails: Tails;
  readonly #times = new Times();
  readonly #archive: ArchiveTold;
  readonly #chain: Chain;
  readonly #firstIndex: number;
  readonly #firstSegment: number;
  readonly #roots = new Map<number, Buffer>();
  readonly #leaves = new Map<number, string>();
  readonly #meaning: Meaning;
  readonly #segments: SegmentVerdict[] = [];
  readonly #marks = new Map<number, SegmentMark>();
  #nextRoot = 0;
  #nextLeaf = 0;
  #entriesHere = 0;
  #firstHere: number | null = null;
  #firstTime: string | null = null;
  #lastTime: string | null = null;

  constructor(task: LogTask, files: TrailFiles) {
    this.#task = task;
    this.#files = files;
    this.#signed = new Signed(task.log, task.trusted, task.witnessKeys, this.#findings);
    this.#tails = new Tails(this.#findings, task.scanner);
    this.#archive = new ArchiveTold(task.log, this.#findings);
    const window = readWindow(task.directory, files.segments[0]?.n ?? 0, this.#findings);
    this.#signed.believe(window?.keys ?? [], window?.size ?? 0);
    this.#firstSegment = window?.firstSegment ?? 0;
    this.#firstIndex = window?.size ?? 0;
    const tree = window === null ? new GrowingTree() : GrowingTree.startingAt(window.size, window.subtrees);
    const onEntry = (line: EntryLine, place: Place) => this.#entry(line, place);
    this.#chain = new Chain(tree, window?.leaf ?? NO_LEAF, this.#findings, onEntry, (size, leaf) =>
      this.#leaf(size, leaf),
    );
    this.#leaf(tree.size, null);
    this.#meaning = new Meaning({
      log: task.log,
      files,
      firstSegment: this.#firstSegment,
      findings: this.#findings,
      signed: this.#signed,
      tails: this.#tails,
      archive: this.#archive,
      rootAt: (size) => this.#rootAt(size),
      wasSize: (size) => size <= this.#chain.tree.size,
    });
  }

  get late(): readonly number[] {
    return this.#signed.late;
  }

  run(): LogResult {
    let expected = this.#firstSegment;
    for (const segment of this.#files.segments) {
      if (segment.n > expected) this.#missing(expected, segment.n - 1);
      expected = segment.n + 1;
      this.#segment(segment);
    }
    this.#chain.end();
    this.#tails.end(this.#chain.size);
    this.#times.tell(this.#findings, this.#task.clockWords);
    tellWhole(this.#files, this.#meaning.logged, this.#findings);
    tellSigned(this.#chain.size, this.#signed, this.#task.trusted !== null, this.#findings);
    return {
      verdict: this.#verdict(),
      roots: this.#roots,
      leaves: this.#leaves,
      keyOf: (origin) => this.#signed.keyOf(origin),
      clockWords: this.#times.words,
      taken: this.#meaning.taken,
      marks: this.#marks,
      cosigned: this.#signed.newestCosigned,
      archive: this.#archive,
    };
  }

  #segment(segment: SegmentFile): void {
    const { n, path, bytes } = segment;
    const extent = this.#extent(segment);
    const begins = this.#begins(n);
    this.#entriesHere = 0;
    this.#firstHere = null;
    this.#firstTime = null;
    this.#lastTime = null;
    const end = this.#task.scanner.scan(path, extent.from, extent.to, (buffer, from, to, offset) => {
      this.#chain.take(buffer, from, to, n, offset);
      return true;
    });
    const place = { segment: n, offset: Math.max(end, extent.from), index: this.#chain.size };
    if (end < extent.to && extent.to > extent.from) {
      this.#findings.fault(
        'line_damaged',
        place,
        `segment ${n} has no whole line at the end of its part that counts (byte ${extent.to})`,
      );
    }
    this.#marks.set(n, { begins, checkpoint: this.#signed.newest });
    this.#tail(segment, extent);
    this.#segments.push({
      n,
      bytes,
      valid_bytes: Math.min(extent.to, bytes),
      torn_bytes: Math.max(0, bytes - extent.to),
      framing: typeof extent.framing === 'string' ? extent.framing : 'ok',
      framing_logged: false,
      entries: this.#entriesHere,
      first_index: this.#firstHere,
      first_time: this.#firstTime,
      last_time: this.#lastTime,
      faults: 0,
    });
  }

  #begins(firstSegment: number): Window | null {
    const { tree, head, treeIsWhole } = this.#chain;
    const subtrees = treeIsWhole ? tree.subtrees() : null;
    return subtrees === null
      ? null
      : { firstSegment, size: tree.size, subtrees, leaf: head, keys: this.#signed.epochs.map(({ key }) => key) };
  }

  #extent(segment: SegmentFile): Extent {
    const { n, bytes } = segment;
    const told = this.#files.told.get(n);
    const framing = bytes === 0 ? 'missing' : (this.#files.framings.get(n) ?? 'missing');
    const from = typeof framing === 'string' ? 0 : framing.bytes;
    if (typeof framing !== 'string' && framing.n !== n) {
      this.#findings.fault(
        'framing_misplaced',
        { segment: n, offset: 0, index: null },
        `the file of segment ${n} holds segment ${framing.n}`,
      );
    }
    if (told !== undefined) return this.#toldExtent(segment, told, framing, from);
    if (framing === 'torn') return { framing, from: 0, to: 0, told };
    if (framing === 'damaged') this.#framingDamaged(n);
    const lineFrom = framing === 'damaged' ? behindFirstLine(this.#task.scanner, segment) : from;
    this.#chain.end();
    const to = openEnd(segment, lineFrom, this.#chain.size, this.#chain.head, this.#task.scanner);
    return { framing, from: lineFrom, to, told };
  }

  #toldExtent(segment: SegmentFile, told: Told, framing: FramingFound | 'missing', from: number): Extent {
    const { n, bytes } = segment;
    if (told.pv === 0) return { framing, from: 0, to: 0, told };
    if (bytes < told.pv) {
      this.#findings.fault(
        'segment_cut',
        { segment: n, offset: bytes, index: null },
        `segment ${n} ends at byte ${bytes}; segment ${told.by} found ${told.pv} bytes that count`,
      );
    }
    if (typeof framing !== 'string')
      return { framing, from: Math.min(from, told.pv), to: Math.min(told.pv, bytes), told };
    this.#framingDamaged(n);
    return {
      framing: 'damaged',
      from: behindFirstLine(this.#task.scanner, segment),
      to: Math.min(told.pv, bytes),
      told,
    };
  }

  #tail(segment: SegmentFile, { to, told }: Extent): void {
    const { n, bytes } = segment;
    if (told !== undefined && bytes >= told.pv) this.#tails.compare(segment, told);
    if (bytes <= to) return;
    this.#tails.remember(segment, to);
    const why =
      told === undefined
        ? 'the gateway may have been writing, or power failed and it has not run since'
        : 'the gateway ended before it knew that they were safe; whole entries in them stand again in a later segment';
    this.#findings.remark('torn_tail', n, null, `segment ${n}: the last ${bytes - to} bytes do not count: ${why}`);
  }

  #entry(line: EntryLine, place: Place): void {
    const { index, time, written } = line;
    this.#entriesHere += 1;
    this.#firstHere ??= index;
    this.#firstTime ??= time;
    this.#lastTime = time;
    this.#times.see(line, place.segment ?? 0);
    this.#tails.see(index, written);
    if (index === this.#task.wantedLeaves[this.#nextLeaf]) {
      this.#leaves.set(index, written);
      this.#nextLeaf += 1;
    }
    this.#meaning.see(line, place);
  }

  #rootAt(size: number): Buffer | null {
    if (size === 0) return EMPTY_ROOT;
    return this.#roots.get(size) ?? this.#chain.tree.root(size);
  }

  /** The tree has just come to this size. */
  #leaf(size: number, leaf: Buffer | null): void {
    const { onLeaf, wantedRoots } = this.#task;
    if (leaf !== null) onLeaf?.(size - 1, leaf);
    while ((wantedRoots[this.#nextRoot] ?? Number.POSITIVE_INFINITY) <= size) {
      if (wantedRoots[this.#nextRoot] === size) this.#roots.set(size, this.#chain?.tree.root() ?? EMPTY_ROOT);
      this.#nextRoot += 1;
    }
  }

  #missing(from: number, to: number): void {
    const what = from === to ? `segment ${from} is` : `segments ${from} to ${to} are`;
    this.#findings.fault(
      'segment_missing',
      { segment: from, offset: null, index: this.#chain.size },
      `${what} missing`,
    );
  }

  #framingDamaged(n: number): void {
    this.#findings.fault(
      'framing_damaged',
      { segment: n, offset: 0, index: null },
      `the first line of segment ${n} was changed: it is no framing line that holds together`,
    );
  }

  #verdict(): LogVerdict {
    const { newest, seen, proven, cosignaturesSeen, cosignaturesProven, epochs } = this.#signed;
    const root = this.#chain.treeIsWhole ? this.#chain.tree.root() : null;
    return {
      entries: this.#chain.size,
      first_index: this.#firstIndex,
      root: root === null ? null : root.toString('base64'),
      records: this.#meaning.taken.reduce((sum, taken) => sum + taken.count, 0),
      first_time: this.#times.first,
      last_time: this.#times.last,
      segments: this.#segments.map((segment) => ({
        ...segment,
        framing_logged: this.#meaning.logged.has(segment.n),
        faults: this.#findings.faultsIn(segment.n),
      })),
      epochs,
      checkpoints: { seen, proven, newest },
      cosignatures: { seen: cosignaturesSeen, proven: cosignaturesProven },
      faults: this.#findings.faults,
      faults_total: this.#findings.faultsTotal,
      remarks: this.#findings.remarks,
      remarks_total: this.#findings.remarksTotal,
    };
  }
}

/** Where entries begin in a segment whose first line cannot be believed. */
function behindFirstLine(scanner: LineScanner, { path, bytes }: SegmentFile): number {
  return scanner.scan(path, 0, bytes, () => false);
}
