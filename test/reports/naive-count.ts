/**
 * The same figures, computed another way: all entries in memory, everything replayed from the beginning for each question.
 * Written from docs/FORMATS.md and the words of the report; shares no code with src/reports.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RawEntry {
  readonly log: 'audit' | 'schedule_two';
  readonly b: string;
  readonly i: number;
  readonly k: string;
  readonly m: number;
  readonly r: Record<string, unknown>;
  readonly at: number;
}

export interface NaiveRecord {
  readonly schedule: string;
  readonly sequence: number;
  readonly received: number;
  readonly flags: number;
  readonly taken: RawEntry;
}

const SETTLED = ['SYNCED', 'RESOLVED'];
const BEGINNINGS = ['unclean_end', 'boot', 'start'];

/** Of histories in which every entry is whole and the clock is never set. */
export function rawEntries(trailDir: string): RawEntry[] {
  const all = (['audit', 'schedule_two'] as const).flatMap((log) =>
    readdirSync(join(trailDir, log))
      .filter((name) => name.endsWith('.log'))
      .sort()
      .flatMap((name) =>
        readFileSync(join(trailDir, log, name), 'utf8')
          .trimEnd()
          .split('\n'),
      )
      .map((line) => JSON.parse(line.split('\t')[0] ?? '') as Omit<RawEntry, 'log' | 'at'> & { t: string })
      .filter(({ k }) => k !== 'seg')
      .map((entry) => ({ ...entry, log, at: Date.parse(entry.t) })),
  );
  return all.sort((a, b) => a.at - b.at || (a.log === b.log ? a.i - b.i : a.log === 'audit' ? -1 : 1));
}

/** `[hash, to, unproved]` of each step that an entry tells. */
function stepsOf(entry: RawEntry, records: ReadonlyMap<string, NaiveRecord>): [string, string, boolean][] {
  if (entry.k === 'settle' || entry.k === 'quarantine') {
    return (entry.r.records as unknown[][]).map((row) => [String(row[3]), String(row[2]), row[4] === 'unproved']);
  }
  if (entry.k === 'review') {
    return (entry.r.subjects as unknown[][])
      .filter((row) => row[0] === 'record')
      .map((row) => [String(row[4]), String(row[3]), false]);
  }
  if (entry.k === 'hold') {
    const held = entry.r.sequences as number[];
    return [...records].filter(([, { sequence }]) => held.includes(sequence)).map(([hash]) => [hash, 'HELD', false]);
  }
  return [];
}

function recordsOf(entries: readonly RawEntry[]): Map<string, NaiveRecord> {
  const records = new Map<string, NaiveRecord>();
  for (const taken of entries.filter(({ k }) => k === 'intake')) {
    for (const row of taken.r.records as unknown[][]) {
      const [sequence, , schedule, , hash, received, , flags] = row;
      records.set(String(hash), {
        schedule: String(schedule),
        sequence: Number(sequence),
        received: Number(received),
        flags: Number(flags),
        taken,
      });
    }
  }
  return records;
}

export class NaiveCount {
  readonly entries: readonly RawEntry[];
  readonly records: ReadonlyMap<string, NaiveRecord>;
  readonly from: number;
  readonly to: number;
  readonly within: readonly RawEntry[];

  constructor(entries: readonly RawEntry[], from: number, to: number) {
    this.entries = entries;
    this.records = recordsOf(entries);
    this.from = from;
    this.to = to;
    this.within = entries.filter(({ at }) => at >= from && at < to);
  }

  /** State of every record that had been taken before a moment. */
  statesBefore(moment: number): Map<string, string> {
    const states = new Map<string, string>();
    for (const entry of this.entries.filter(({ at }) => at < moment)) this.#apply(entry, states);
    return states;
  }

  #apply(entry: RawEntry, states: Map<string, string>): void {
    if (entry.k === 'intake') for (const row of entry.r.records as unknown[][]) states.set(String(row[4]), 'PENDING');
    for (const [hash, to] of stepsOf(entry, this.records)) states.set(hash, to);
  }

  open(moment: number, schedule: string): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const [hash, state] of this.statesBefore(moment)) {
      if (SETTLED.includes(state) || this.records.get(hash)?.schedule !== schedule) continue;
      counts[state] = (counts[state] ?? 0) + 1;
    }
    return counts;
  }

  /** Age of the oldest open record; null when none is. */
  oldestOpen(moment: number, schedule: string): number | null {
    const ages = [...this.statesBefore(moment)]
      .filter(([, state]) => !SETTLED.includes(state))
      .map(([hash]) => this.records.get(hash))
      .filter((record) => record?.schedule === schedule)
      .map((record) => Math.max(0, moment - (record?.received ?? 0)));
    return ages.length === 0 ? null : Math.max(...ages);
  }

  captured(schedule: string): number {
    return [...this.records.values()].filter(
      (record) => record.schedule === schedule && this.within.includes(record.taken),
    ).length;
  }

  #steps(schedule: string): { entry: RawEntry; record: NaiveRecord; to: string; unproved: boolean }[] {
    return this.within.flatMap((entry) =>
      stepsOf(entry, this.records).flatMap(([hash, to, unproved]) => {
        const record = this.records.get(hash);
        return record?.schedule === schedule ? [{ entry, record, to, unproved }] : [];
      }),
    );
  }

  movedTo(schedule: string): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { to } of this.#steps(schedule)) counts[to] = (counts[to] ?? 0) + 1;
    return counts;
  }

  unproved(schedule: string): number {
    return this.#steps(schedule).filter(({ unproved }) => unproved).length;
  }

  latencies(schedule: string): { count: number; median: number; p95: number; max: number } | null {
    const values = this.#steps(schedule)
      .filter(({ to }) => to === 'SYNCED')
      .map(({ entry, record: { taken } }) => (entry.b === taken.b ? entry.m - taken.m : entry.at - taken.at))
      .sort((a, b) => a - b);
    if (values.length === 0) return null;
    const rank = (percent: number) => values[Math.ceil((values.length * percent) / 100) - 1] ?? Number.NaN;
    return { count: values.length, median: rank(50), p95: rank(95), max: rank(100) };
  }

  /** Most pending records and most age of the oldest, by step, from the stretches between entries. */
  queue(stepMs: number): { standard: number[]; two: number[]; oldest: number[] } {
    const steps = Math.ceil((this.to - this.from) / stepMs);
    const figures = { standard: Array(steps).fill(0), two: Array(steps).fill(0), oldest: Array(steps).fill(0) };
    const states = new Map<string, string>();
    const before = this.entries.filter(({ at }) => at < this.to);
    before.forEach((entry, n) => {
      this.#apply(entry, states);
      const next = before[n + 1];
      if (next?.k === 'hold') return;
      const waiting = [...states].filter(([, state]) => state === 'PENDING').map(([hash]) => this.records.get(hash));
      const two = waiting.filter((record) => record?.schedule === 'II').length;
      const oldest = Math.min(...waiting.map((record) => record?.received ?? Number.POSITIVE_INFINITY));
      this.#spread(figures, stepMs, entry.at, next?.at ?? this.to, { two, standard: waiting.length - two, oldest });
    });
    return figures;
  }

  #spread(
    figures: { standard: number[]; two: number[]; oldest: number[] },
    stepMs: number,
    from: number,
    to: number,
    now: { standard: number; two: number; oldest: number },
  ): void {
    figures.standard.forEach((_, step) => {
      const begins = this.from + step * stepMs;
      const ends = Math.min(begins + stepMs, this.to);
      if (from >= ends || to < begins) return;
      figures.standard[step] = Math.max(figures.standard[step] ?? 0, now.standard);
      figures.two[step] = Math.max(figures.two[step] ?? 0, now.two);
      if (now.oldest === Number.POSITIVE_INFINITY) return;
      const age = Math.floor((Math.min(to, ends) - now.oldest) / 1000);
      figures.oldest[step] = Math.max(figures.oldest[step] ?? 0, age);
    });
  }

  /** Milliseconds by value of what entries of one kind set, and of what a start sets. */
  states(kind: string, atStart: string): Record<string, number> {
    const ms: Record<string, number> = {};
    const audit = this.entries.filter(({ log }) => log === 'audit');
    const add = (value: string, from: number, to: number) => {
      const length = Math.min(to, this.to) - Math.max(from, this.from);
      if (length > 0) ms[value] = (ms[value] ?? 0) + length;
    };
    let value = 'down';
    let isUp = false;
    add(value, this.from, this.entries[0]?.at ?? this.to);
    this.entries.forEach((entry, n) => {
      if (entry.log === 'audit') {
        const isBeginning = BEGINNINGS.includes(entry.k);
        if (entry.k === 'stop') [value, isUp] = ['down', false];
        else if (entry.k === 'start' || (!isUp && !isBeginning)) [value, isUp] = [atStart, true];
        else if (isBeginning) [value, isUp] = ['down', false];
        if (entry.k === kind) value = String(entry.r.to);
      }
      const next = this.entries[n + 1];
      const nextAudit = audit.find(({ at, i }) => at > entry.at || (at === entry.at && i > entry.i));
      const isLastOfLife = nextAudit === undefined || BEGINNINGS.includes(nextAudit.k);
      const isLast = next === undefined || (isLastOfLife && next === nextAudit);
      add(isLast ? 'down' : value, entry.at, next?.at ?? this.to);
    });
    return ms;
  }

  kinds(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { k } of this.within) counts[k] = (counts[k] ?? 0) + 1;
    return counts;
  }
}
