/** What single entries mean for the trail itself: records of the right schedule, keys and checkpoints, framing lines, what it tells of losses. */
import type { ArchiveTold } from './archive-told.ts';
import { bodyOf, type EntryLine } from './entry-line.ts';
import { type Findings, NOWHERE, type Place } from './findings.ts';
import { type IntakeCount, walkIntake } from './intake.ts';
import type { TrailFiles } from './segments.ts';
import type { Signed } from './signed.ts';
import type { Tails } from './tails.ts';

/** Who may have seen more than there is. */
const OBSERVERS: Readonly<Record<string, string>> = {
  signer: 'the signer',
  buffer: 'the buffer',
  segments: 'the segments',
  lane: 'a lane',
  pms: 'the PMS',
};

type Body = Readonly<Record<string, unknown>>;

/** Records of one epoch that a trail tells of: their numbers and how many. */
export interface Taken {
  count: number;
  first: number;
  last: number;
}

export interface Surroundings {
  readonly log: string;
  readonly files: TrailFiles;
  readonly firstSegment: number;
  readonly findings: Findings;
  readonly signed: Signed;
  readonly tails: Tails;
  readonly archive: ArchiveTold;
  /** Root of that many entries, null when it is not known. */
  readonly rootAt: (size: number) => Buffer | null;
  /** Whether the tree has ever had that size. */
  readonly wasSize: (size: number) => boolean;
}

export class Meaning {
  readonly #around: Surroundings;
  readonly #intake: IntakeCount = { records: 0, scheduleTwo: 0, first: 0, last: 0 };
  /** Segments whose framing line an entry tells of. */
  readonly logged = new Set<number>();
  /** Records taken in, an element for each epoch. */
  readonly taken: Taken[] = [{ count: 0, first: Number.POSITIVE_INFINITY, last: 0 }];

  constructor(around: Surroundings) {
    this.#around = around;
  }

  see(line: EntryLine, place: Place): void {
    switch (line.kind) {
      case 'intake':
        this.#intakeEntry(line, place);
        break;
      case 'cp':
        this.#around.signed.checkpoint(bodyOf(line), place, this.#around.rootAt, this.#around.wasSize);
        break;
      case 'cosigned':
        this.#around.signed.cosigned(bodyOf(line), place, this.#around.rootAt);
        break;
      case 'trail_key':
        this.#around.signed.trailKey(bodyOf(line), place);
        break;
      case 'segment':
        this.#segment(bodyOf(line), place);
        break;
      case 'tail_lost':
        this.#tailLost(bodyOf(line), place);
        break;
      case 'fork':
        this.#fork(bodyOf(line), place);
        break;
      case 'trail_fault':
        this.#diskFailed(bodyOf(line), place);
        break;
      case 'archive':
        this.#around.archive.frame(bodyOf(line), place);
        break;
      case 'expire':
        this.#around.archive.expire(bodyOf(line));
        break;
      case 'epoch':
        this.#epoch(bodyOf(line), place);
        break;
    }
  }

  #intakeEntry({ bytes, bodyFrom, bodyTo }: EntryLine, place: Place): void {
    const { findings, log } = this.#around;
    if (!walkIntake(bytes, bodyFrom, bodyTo, this.#intake)) {
      findings.fault(
        'entry_malformed',
        place,
        `entry ${place.index} takes in records, but is not formed as such an entry`,
      );
      return;
    }
    const { first, last, records, scheduleTwo } = this.#intake;
    const taken = this.taken.at(-1);
    if (taken !== undefined) {
      taken.count += records;
      taken.first = Math.min(taken.first, first);
      taken.last = Math.max(taken.last, last);
    }
    if (scheduleTwo === (log === 'schedule_two' ? records : 0)) return;
    findings.fault(
      'wrong_trail',
      place,
      `entry ${place.index} takes in records of a schedule that this trail is not for`,
    );
  }

  #segment(body: Body, place: Place): void {
    const { files, findings, firstSegment } = this.#around;
    const n = Number(body.n);
    const framing = files.framings.get(n);
    if (framing === undefined) {
      const last = files.segments.at(-1)?.n ?? -1;
      if (n >= firstSegment && n > last) {
        findings.fault(
          'segment_missing',
          { ...NOWHERE, segment: n },
          `segment ${n} is missing, entry ${place.index} tells of it`,
        );
      }
      return;
    }
    this.logged.add(n);
    if (typeof framing !== 'string' && framing.leaf === body.hash) return;
    findings.fault(
      'framing_changed',
      { segment: n, offset: 0, index: place.index },
      `the first line of segment ${n} is not the one that entry ${place.index} tells of`,
    );
  }

  #tailLost({ by, have, known }: Body, place: Place): void {
    this.#around.tails.tailLost(Number(have));
    const what = `${observer(by)} had seen ${Number(known)} entries, here there were ${Number(have)}`;
    this.#around.findings.fault('tail_lost', place, `entry ${place.index} says that entries were lost: ${what}`);
  }

  #fork({ by, size }: Body, place: Place): void {
    const what = `${observer(by)} holds a checkpoint of ${Number(size)} entries that are not these`;
    this.#around.findings.fault('fork', place, `entry ${place.index} says that there are two trails: ${what}`);
  }

  #diskFailed({ code, n, step }: Body, place: Place): void {
    if (step === 'write' || step === 'sync') this.#around.tails.diskFailed(Number(n));
    // Sealing is tried again: a segment that is not sealed yet counts like any other.
    const outcome = step === 'seal' ? 'was not sealed then' : `was abandoned, ${String(step)} failed`;
    const what = `segment ${Number(n)} ${outcome} (${String(code)})`;
    this.#around.findings.remark('disk_failed', place.segment, place.index, `entry ${place.index} tells that ${what}`);
  }

  #epoch({ predecessor, epoch, reason }: Body, place: Place): void {
    this.taken.push({ count: 0, first: Number.POSITIVE_INFINITY, last: 0 });
    const what = `epoch ${String(epoch)} after ${String(predecessor)} (${String(reason)})`;
    this.#around.findings.remark('new_epoch', place.segment, place.index, `entry ${place.index} opens ${what}`);
  }
}

function observer(by: unknown): string {
  return OBSERVERS[String(by)] ?? 'somebody';
}
