/**
 * What the entries' times say. Order never depends on them, so nothing here is a fault: a clock that went back, or that moved against the
 * monotonic one, is told, and whether an entry of the trail tells of it too.
 */
import { toUtcText } from '../base/clock.ts';
import type { EntryLine } from './entry-line.ts';
import type { Findings } from './findings.ts';

const YEAR_2020_MS = Date.UTC(2020, 0, 1);
/** Less than this is slewing, or an entry that waited for its commit. */
const JUMP_MS = 2000;
/** Clocks that are slewed move by at most one in a thousand. */
const SLEW = 1 / 1000;
/** Steps are told up to a minute later, together. */
const TOLD_WITHIN_MS = 120_000;
/** Moments kept, so that memory stays flat. */
const MAX_KEPT = 10_000;

/** When an entry of the trail told of the clock. */
export interface ClockWord {
  readonly boot: string;
  readonly monotonicMs: number;
  readonly index: number;
}

interface Jump {
  readonly boot: string;
  readonly monotonicMs: number;
  readonly segment: number;
  readonly index: number;
  readonly byMs: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly isNewBoot: boolean;
}

export class Times {
  readonly words: ClockWord[] = [];
  first: string | null = null;
  last: string | null = null;
  #boot = '';
  #utcMs = 0;
  #monotonicMs = 0;
  #jumpCount = 0;
  readonly #jumps: Jump[] = [];
  #early = 0;
  #earlyFrom = -1;

  see(line: EntryLine, segment: number): void {
    const { boot, utcMs, monotonicMs } = line;
    if (this.first === null) this.first = line.time;
    else this.#compare(line, segment);
    if (utcMs < YEAR_2020_MS) {
      if (this.#early === 0) this.#earlyFrom = line.index;
      this.#early += 1;
    }
    this.#boot = boot;
    this.#utcMs = utcMs;
    this.#monotonicMs = monotonicMs;
    this.last = line.time;
    if ((line.kind === 'clock_step' || line.kind === 'clock') && this.words.length < MAX_KEPT) {
      this.words.push({ boot, monotonicMs, index: line.index });
    }
  }

  /** Writes the remarks; `elsewhere` are words about the clock in the other trail. */
  tell(findings: Findings, elsewhere: readonly ClockWord[]): void {
    if (this.#early > 0) {
      findings.remark(
        'time_before_2020',
        null,
        this.#earlyFrom,
        `${this.#early} entries, the first of them entry ${this.#earlyFrom}, were written before the clock was set: their time is before 2020`,
      );
    }
    for (const jump of this.#jumps) {
      const explained = explanation(jump, this.words, elsewhere);
      findings.remark(
        jump.byMs < 0 ? 'time_back' : 'time_jump',
        jump.segment,
        jump.index,
        `${jumpWords(jump)}${explained}`,
      );
    }
    findings.remarksTotal += this.#jumpCount - this.#jumps.length;
  }

  #compare({ boot, utcMs, monotonicMs, index }: EntryLine, segment: number): void {
    const isNewBoot = boot !== this.#boot;
    const passedMs = isNewBoot ? 0 : monotonicMs - this.#monotonicMs;
    const movedMs = utcMs - this.#utcMs - passedMs;
    const isBack = isNewBoot ? utcMs < this.#utcMs : movedMs < -JUMP_MS - passedMs * SLEW;
    const isAhead = !isNewBoot && movedMs > JUMP_MS + passedMs * SLEW;
    if (!isBack && !isAhead) return;
    this.#jumpCount += 1;
    if (this.#jumps.length >= MAX_KEPT) return;
    this.#jumps.push({ boot, monotonicMs, segment, index, byMs: movedMs, fromMs: this.#utcMs, toMs: utcMs, isNewBoot });
  }
}

function jumpWords({ byMs, fromMs, toMs, index, isNewBoot }: Jump): string {
  const seconds = (Math.abs(byMs) / 1000).toFixed(1);
  const what = byMs < 0 ? `went back by ${seconds} s` : `was put forward by ${seconds} s`;
  const when = isNewBoot ? 'while the machine was off' : 'while the machine ran';
  return `before entry ${index} the clock ${what} ${when} (${toUtcText(fromMs)}, then ${toUtcText(toMs)})`;
}

function explanation(jump: Jump, words: readonly ClockWord[], elsewhere: readonly ClockWord[]): string {
  const fits = ({ boot, monotonicMs }: ClockWord) =>
    boot === jump.boot && Math.abs(monotonicMs - jump.monotonicMs) <= TOLD_WITHIN_MS;
  const here = words.find(fits);
  if (here !== undefined) return `; entry ${here.index} tells of it`;
  const there = elsewhere.find(fits);
  if (there !== undefined) return `; entry ${there.index} of the other trail tells of it`;
  return '; no entry about the clock tells of it';
}
