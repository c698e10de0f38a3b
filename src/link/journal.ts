/**
 * What the trail hears about the layers: an entry when a layer's verdict or code has changed, not at every probe. Pure.
 *
 * A layer that goes to and fro (a loose plug) must not fill the trail: each has a few entries at once and one more every
 * few minutes. What it did while it had none left is told afterwards with the number of changes, so nothing is hidden. Only
 * `ok` and `fail` count: a layer that was not tried because a lower one failed has not changed.
 */
import type { FaultCode } from './faults.ts';
import type { Layer, LayerVerdict } from './verdict.ts';

/** Entries a layer has at once. */
const BURST = 4;

interface LayerJournal {
  readonly verdict: 'ok' | 'fail';
  readonly code: FaultCode | null;
  /** Changes since the layer's last entry. */
  readonly changes: number;
  /** Entries left, and the monotonic time up to which they were counted. */
  readonly left: number;
  readonly countedAtMs: number;
}

export type Journal = Readonly<Partial<Record<Layer, LayerJournal>>>;

/** One change as it goes into the trail. */
export interface LayerChange {
  readonly layer: Layer;
  readonly verdict: 'ok' | 'fail';
  readonly code: FaultCode | null;
  /** Changes since the layer's last entry; over 1 when it went to and fro. */
  readonly changes: number;
}

export const EMPTY_JOURNAL: Journal = {};

/** The journal after these verdicts, and the changes to be told now. One more entry is allowed every `everyMs`. */
export function afterVerdicts(
  journal: Journal,
  verdicts: readonly LayerVerdict[],
  nowMs: number,
  everyMs: number,
): { readonly journal: Journal; readonly tell: readonly LayerChange[] } {
  const next: Partial<Record<Layer, LayerJournal>> = { ...journal };
  const tell: LayerChange[] = [];
  for (const { layer, verdict, code } of verdicts) {
    if (verdict === 'unknown') continue;
    const entry = seen(next[layer], verdict, code, nowMs, everyMs);
    const due = entry.changes > 0 && entry.left > 0;
    next[layer] = due ? { ...entry, changes: 0, left: entry.left - 1 } : entry;
    if (due) tell.push({ layer, verdict, code, changes: entry.changes });
  }
  return { journal: next, tell };
}

function seen(
  before: LayerJournal | undefined,
  verdict: 'ok' | 'fail',
  code: FaultCode | null,
  nowMs: number,
  everyMs: number,
): LayerJournal {
  if (before === undefined) return { verdict, code, changes: 1, left: BURST, countedAtMs: nowMs };
  const earned = Math.floor((nowMs - before.countedAtMs) / everyMs);
  const left = Math.min(BURST, before.left + earned);
  // A full store earns nothing, so its time starts when the first entry is taken.
  const countedAtMs = left === BURST ? nowMs : before.countedAtMs + earned * everyMs;
  const same = before.verdict === verdict && before.code === code;
  return { verdict, code, changes: before.changes + (same ? 0 : 1), left, countedAtMs };
}
