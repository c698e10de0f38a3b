/** What an attacker makes of entries before everything is put together again. */
import { verifierKeyOf } from '../../../src/tlog/verifier-key.ts';
import { privateKeyOf } from '../../tlog/keys.ts';
import type { ModelEntry, TrailModel } from './trail-model.ts';

/** The model with each entry replaced by what `change` makes of it: one, several or none. */
export function changed(model: TrailModel, change: (entry: ModelEntry, index: number) => ModelEntry[]): TrailModel {
  let index = 0;
  return model.map((segment) => ({ ...segment, entries: segment.entries.flatMap((each) => change(each, index++)) }));
}

/** The same for one entry only. */
export const onlyAt = (at: number, change: (entry: ModelEntry) => ModelEntry[]) => (model: TrailModel) =>
  changed(model, (entry, index) => (index === at ? change(entry) : [entry]));

/** The records came from another till. */
export const edited = (entry: ModelEntry): ModelEntry[] => {
  const rows = entry.r.records as readonly (readonly unknown[])[];
  return [{ ...entry, r: { records: rows.map((row) => row.with(1, 'till-9')) } }];
};

/** The records are of Schedule V. */
export const rescheduled = (entry: ModelEntry): ModelEntry[] => {
  const rows = entry.r.records as readonly (readonly unknown[])[];
  return [{ ...entry, r: { records: rows.map((row) => row.with(2, 'V')) } }];
};

/** It happened years ago. */
export const backDated = (entry: ModelEntry): ModelEntry[] => [{ ...entry, t: entry.t.replace(/^\d{4}/, '2019') }];

/** Before it, somebody set the clock. */
export const clockStep = (entry: ModelEntry): ModelEntry[] => [
  { ...entry, k: 'clock_step', r: { by_ms: -3_600_000, count: 1, from: 'unsynchronised', to: 'synchronised' } },
  entry,
];

/** A thief's trail has no cosignatures: those he cannot make. */
export const withoutCosignatures = (model: TrailModel): TrailModel =>
  changed(withoutTornEntries(model), (entry) => (entry.k === 'cosigned' ? [] : [entry]));

/**
 * Whole entries in torn tails would tell what came again with other bytes: a few bytes of each are left. The framing line of a
 * segment without a valid part stays, because an entry names it.
 */
export const withoutTornEntries = (model: TrailModel): TrailModel =>
  model.map((segment) => {
    const from = segment.framed ? 0 : segment.tail.indexOf('\n') + 1;
    return { ...segment, tail: segment.tail.subarray(0, from + 15) };
  });

/** Nothing in it was ever signed. */
export const withoutCheckpoints = (model: TrailModel): TrailModel =>
  changed(withoutTornEntries(model), (entry) => (['cp', 'cosigned', 'trail_key'].includes(entry.k) ? [] : [entry]));

/** Not the gateway's. */
export const forgersKey = privateKeyOf(0x66);

/** All keys and signatures are the forger's own. */
export const withOwnKey = (model: TrailModel): TrailModel =>
  changed(model, (entry) => {
    if (entry.k !== 'trail_key') return [entry];
    return [{ ...entry, r: { ...entry.r, key: verifierKeyOf(String(entry.r.origin), forgersKey).text } }];
  });
