/** Records that were taken in with a doubt, and publishes that became no record: how many, which, and how they ended. */
import { FLAGS, type Flag } from '../../record/types.ts';
import type { Told } from './bodies.ts';
import { type Counter, Tally } from './counter.ts';
import { Listing, type LongList, MOST_LISTED, type RowSink } from './listing.ts';
import type { RecordListener, StandingRecord } from './standing-records.ts';

/** `[sequence, schedule, lane, received_ms, payload_hash]` */
export type NamedRecord = readonly [number, string, string, number, string];

/** `[at_ms, log, lane, hash, codes, ended]`: `ended` is null while it waits, else the act's step and time. */
export type NamedEvidence = readonly [
  number,
  string,
  string,
  string,
  readonly string[],
  readonly [string, number] | null,
];

export interface DoubtFigures {
  /** Records captured in the window, by flag. */
  readonly flags: Readonly<Record<string, number>>;
  readonly ndc_unresolved: readonly NamedRecord[];
  readonly possible_double_sales: readonly NamedRecord[];
  readonly lane_sequence_gaps: readonly NamedRecord[];
  readonly signature_doubts: readonly NamedRecord[];
  readonly duplicates: number;
  readonly duplicates_by_lane: Readonly<Record<string, number>>;
  readonly conflicts: readonly NamedEvidence[];
  readonly refused: readonly NamedEvidence[];
  readonly refused_by_reason: Readonly<Record<string, number>>;
  /** Conflicts and refusals from before the window that were still waiting when it ended. */
  readonly evidence_open_from_before: number;
  readonly practice: Readonly<Record<string, number>>;
}

interface Evidence {
  readonly atMs: number;
  readonly log: string;
  readonly lane: string;
  readonly hash: string;
  readonly codes: readonly string[];
  readonly isInWindow: boolean;
  ended: readonly [string, number] | null;
}

/** Flags whose records are listed. */
const NAMED: readonly (readonly [Flag, string])[] = [
  ['ndc_unresolved', 'ndc_unresolved'],
  ['possible_double_sale', 'possible_double_sales'],
  ['lane_sequence_gap', 'lane_sequence_gaps'],
];
const SIGNATURE_FLAGS: readonly Flag[] = ['signature_missing', 'signature_invalid', 'second_signature_missing'];

export class Doubts implements Counter, RecordListener {
  isInWindow = false;
  readonly #flags = new Tally<string>();
  readonly #named: ReadonlyMap<Flag, Listing<NamedRecord>>;
  readonly #signatures: Listing<NamedRecord>;
  readonly #sink: RowSink | null;
  readonly #duplicates = new Tally<string>();
  readonly #conflicts: Evidence[] = [];
  readonly #refused: Evidence[] = [];
  readonly #reasons = new Tally<string>();
  readonly #practice = new Tally<string>();
  /** Open evidence by its hash: the same bytes from two lanes are two. */
  readonly #open = new Map<string, Evidence[]>();

  constructor(sink: RowSink | null) {
    this.#sink = sink;
    this.#named = new Map(NAMED.map(([flag, list]) => [flag, new Listing(list, sink)]));
    this.#signatures = new Listing('signature_doubts', sink);
  }

  taken(record: StandingRecord): void {
    if (!this.isInWindow || record.flags === 0) return;
    const { sequence, schedule, lane, receivedMs, hash, flags } = record;
    const named: NamedRecord = [sequence, schedule, lane, receivedMs, hash];
    const set = FLAGS.filter((_, bit) => Math.floor(flags / 2 ** bit) % 2 === 1);
    for (const flag of set) {
      this.#flags.add(flag);
      this.#named.get(flag)?.add(named);
    }
    if (set.some((flag) => SIGNATURE_FLAGS.includes(flag))) this.#signatures.add(named);
  }

  #listOf(flag: Flag): readonly NamedRecord[] {
    return this.#named.get(flag)?.first ?? [];
  }

  see(entry: Told, isInWindow: boolean): void {
    switch (entry.kind) {
      case 'conflict':
        this.#keep(this.#conflicts, entry, entry.body.lane, entry.body.lane_hash, [], isInWindow);
        return;
      case 'refused':
        this.#keep(this.#refused, entry, entry.body.lane, entry.body.hash, entry.body.codes, isInWindow);
        if (isInWindow) for (const code of entry.body.codes) this.#reasons.add(code);
        return;
      case 'review':
        for (const [of, , , , hash] of entry.body.subjects) {
          if (of === 'evidence') this.#end(hash, entry.body.step, entry.atMs);
        }
        return;
      case 'duplicates':
        if (isInWindow) for (const [lane, count] of entry.body.lanes) this.#duplicates.add(lane, count);
        return;
      case 'practice':
        if (isInWindow) this.#practice.add(entry.body.status);
        return;
      default:
    }
  }

  #keep(
    list: Evidence[],
    { atMs, log }: Told,
    lane: string,
    hash: string,
    codes: readonly string[],
    isInWindow: boolean,
  ): void {
    const evidence: Evidence = { atMs, log, lane, hash, codes, isInWindow, ended: null };
    if (isInWindow) list.push(evidence);
    const same = this.#open.get(hash);
    if (same === undefined) this.#open.set(hash, [evidence]);
    else same.push(evidence);
  }

  #end(hash: string, step: string, atMs: number): void {
    const [first, ...rest] = this.#open.get(hash) ?? [];
    if (first === undefined) return;
    first.ended = [step, atMs];
    if (rest.length === 0) this.#open.delete(hash);
    else this.#open.set(hash, rest);
  }

  end(): void {}

  /** Lists of which `figures` has only the first rows. */
  longLists(): [string, LongList | null][] {
    const [conflicts, refused] = [this.#listed('conflicts', this.#conflicts), this.#listed('refused', this.#refused)];
    return [
      ...NAMED.map(([flag, list]): [string, LongList | null] => [list, this.#named.get(flag)?.end() ?? null]),
      ['signature_doubts', this.#signatures.end()],
      ['conflicts', conflicts.end()],
      ['refused', refused.end()],
    ];
  }

  #listed(name: string, all: readonly Evidence[]): Listing<NamedEvidence> {
    const listing = new Listing<NamedEvidence>(name, this.#sink);
    for (const each of all) listing.add(namedEvidence(each));
    return listing;
  }

  figures(): DoubtFigures {
    const lanes = this.#duplicates.figures;
    let fromBefore = 0;
    for (const same of this.#open.values()) fromBefore += same.filter(({ isInWindow }) => !isInWindow).length;
    return {
      flags: this.#flags.figures,
      ndc_unresolved: this.#listOf('ndc_unresolved'),
      possible_double_sales: this.#listOf('possible_double_sale'),
      lane_sequence_gaps: this.#listOf('lane_sequence_gap'),
      signature_doubts: this.#signatures.first,
      duplicates: Object.values(lanes).reduce((sum, count) => sum + count, 0),
      duplicates_by_lane: lanes,
      conflicts: this.#conflicts.slice(0, MOST_LISTED).map(namedEvidence),
      refused: this.#refused.slice(0, MOST_LISTED).map(namedEvidence),
      refused_by_reason: this.#reasons.figures,
      evidence_open_from_before: fromBefore,
      practice: this.#practice.figures,
    };
  }
}

function namedEvidence({ atMs, log, lane, hash, codes, ended }: Evidence): NamedEvidence {
  return [atMs, log, lane, hash, codes, ended];
}
