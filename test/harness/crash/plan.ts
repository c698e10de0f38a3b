/**
 * Which crash states to lay out: more exist than can be tried, so a seeded sample is taken, kind by kind, such that every
 * kind of loss is tried at many moments.
 */
import type { Random } from '../../../src/base/clock.ts';
import { DiskModel, type NameRule } from './disk-model.ts';
import type { LogEvent } from './log.ts';
import { sample } from './random.ts';

/**
 * What the cut did to the changes that no sync covered.
 * - `all`: every one arrived. `synced`: none did, and no undecided name.
 * - `missing`: all but one. `only`: just that one. `torn`: all, one of them in part.
 * - `subset`: each by chance, some torn. `names`: all data, but only the first `pick` undecided names.
 */
export type StateKind = 'all' | 'synced' | 'missing' | 'only' | 'torn' | 'subset' | 'names';

export interface PlannedState {
  /** Number of events that had happened. */
  readonly cut: number;
  readonly kind: StateKind;
  /** Which undecided change (or, for `names`, how many names); for `subset` just a number. */
  readonly pick: number;
}

/** Shares of the budget. What a kind cannot use falls to those after it. */
const SHARES: readonly (readonly [readonly StateKind[], number])[] = [
  [['names'], 0.05],
  [['torn'], 0.2],
  [['missing', 'only'], 0.2],
  [['subset'], 0.2],
  [['all', 'synced'], 1],
];
const TEARS_PER_CHANGE = 2;
const SUBSETS_PER_CUT = 4;

/** Moments worth a cut: all around syncs, acknowledgements and name changes; before a sync most is undecided. */
function momentOf(event: LogEvent): 'edge' | 'full' | 'none' {
  if (event.kind === 'sync-begin') return 'full';
  if (event.kind === 'write' || event.kind === 'open') return 'none';
  return 'edge';
}

interface CutFacts {
  readonly cut: number;
  readonly full: boolean;
  readonly changes: number;
  readonly names: number;
}

function surveyCuts(events: readonly LogEvent[], disk: DiskModel): CutFacts[] {
  const cuts: CutFacts[] = [];
  events.forEach((event, index) => {
    const moment = momentOf(event);
    const next = events[index + 1];
    disk.apply(event);
    if (moment === 'none' && next !== undefined && momentOf(next) === 'none') return;
    let changes = 0;
    for (const file of disk.namesAfter(Number.POSITIVE_INFINITY).files.values()) changes += file.undecided().length;
    cuts.push({ cut: index + 1, full: moment === 'full', changes, names: disk.undecidedNames() });
  });
  return cuts;
}

function candidatesOf(facts: CutFacts): PlannedState[] {
  const { cut, changes } = facts;
  const states: PlannedState[] = [
    { cut, kind: 'all', pick: 0 },
    { cut, kind: 'synced', pick: 0 },
  ];
  for (let kept = 0; kept < facts.names; kept++) states.push({ cut, kind: 'names', pick: kept });
  if (changes > 1) {
    for (let round = 0; round < SUBSETS_PER_CUT; round++) states.push({ cut, kind: 'subset', pick: round });
  }
  if (!facts.full) return states;
  for (let change = 0; change < changes; change++) {
    states.push({ cut, kind: 'missing', pick: change }, { cut, kind: 'only', pick: change });
    for (let round = 0; round < TEARS_PER_CHANGE; round++) states.push({ cut, kind: 'torn', pick: change });
  }
  return states;
}

export interface PlanOptions {
  readonly root: string;
  readonly rule: NameRule;
  readonly initial?: ReadonlyMap<string, Buffer>;
  /** Only cuts from this event on; default all. */
  readonly from?: number;
  /** Most states to plan. */
  readonly limit: number;
  readonly random: Random;
}

/** A sample of at most `limit` states, in order of their cuts. */
export function planStates(events: readonly LogEvent[], options: PlanOptions): PlannedState[] {
  const cuts = surveyCuts(events, new DiskModel(options.root, options.rule, options.initial));
  const candidates = cuts.filter(({ cut }) => cut >= (options.from ?? 0)).flatMap(candidatesOf);
  const planned: PlannedState[] = [];
  for (const [kinds, share] of SHARES) {
    const room = Math.min(options.limit - planned.length, Math.ceil(options.limit * share));
    const ofKind = candidates.filter((candidate) => kinds.includes(candidate.kind));
    planned.push(...sample(options.random, ofKind, room));
  }
  return planned.sort((left, right) => left.cut - right.cut);
}
