/**
 * What a search asks for, and whether a record is it. Within one kind any of the values will do; kinds are combined: each
 * that is given must fit.
 */
import type { KeptRecord, RowGlance } from '../buffer/api.ts';
import { readInstant } from '../record/instant.ts';
import type { LookupName, LookupValue } from '../record/lookup.ts';

/** Kinds of condition, in the order in which the trail names them. */
export const FILTER_KINDS = [
  'prescriber',
  'pharmacist',
  'patient',
  'ndc',
  'key',
  'prescription',
  'lane',
  'schedule',
  'state',
  'received',
  'dispensed',
] as const;
export type FilterKind = (typeof FILTER_KINDS)[number];

/** From (inclusive) to (exclusive), UTC ms. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Filter {
  /** By name, the values of which one must fit. */
  readonly values: Readonly<Partial<Record<LookupName, readonly string[]>>>;
  readonly lanes: readonly string[];
  readonly schedules: readonly string[];
  readonly states: readonly string[];
  readonly received: Span | null;
  readonly dispensed: Span | null;
}

const fits = (list: readonly string[], value: string): boolean => list.length === 0 || list.includes(value);
const within = (span: Span | null, ms: number): boolean => span === null || (ms >= span.fromMs && ms < span.toMs);

/** What the row alone can say. */
export function mayFit(filter: Filter, row: RowGlance): boolean {
  return (
    fits(filter.lanes, row.lane) &&
    fits(filter.schedules, row.schedule) &&
    fits(filter.states, row.state) &&
    within(filter.received, row.receivedMs)
  );
}

/** Whether a record is what is asked for. `values`: what it can be searched by; `dispensedAt`: its own word. */
export function isAskedFor(
  filter: Filter,
  record: KeptRecord,
  values: readonly LookupValue[],
  dispensedAt: unknown,
): boolean {
  const { lane, schedule, state, received_ms: receivedMs } = record;
  if (!mayFit(filter, { lane, schedule, state, receivedMs })) return false;
  const dispensedMs = typeof dispensedAt === 'string' ? (readInstant(dispensedAt)?.utcMs ?? Number.NaN) : Number.NaN;
  if (!within(filter.dispensed, dispensedMs)) return false;
  return Object.entries(filter.values).every(([name, wanted]) =>
    values.some((value) => value.name === name && wanted.includes(value.value)),
  );
}

/** For the look-up help of frames: one list a name; a frame that may hold none of a list holds nothing asked for. */
export function lookupLists(filter: Filter): LookupValue[][] {
  return Object.entries(filter.values).map(([name, values]) =>
    values.map((value) => ({ name: name as LookupName, value })),
  );
}

/** Kinds that the filter uses: what the trail says of it. */
export function kindsOf(filter: Filter): FilterKind[] {
  const used: Readonly<Record<FilterKind, boolean>> = {
    prescriber: filter.values.prescriber !== undefined,
    pharmacist: filter.values.pharmacist !== undefined,
    patient: filter.values.patient !== undefined,
    ndc: filter.values.ndc !== undefined,
    key: filter.values.key !== undefined,
    prescription: filter.values.prescription !== undefined,
    lane: filter.lanes.length > 0,
    schedule: filter.schedules.length > 0,
    state: filter.states.length > 0,
    received: filter.received !== null,
    dispensed: filter.dispensed !== null,
  };
  return FILTER_KINDS.filter((kind) => used[kind]);
}

/** One text for equal filters, for its keyed hash. */
export function filterText(filter: Filter): string {
  const { values, lanes, schedules, states, received, dispensed } = filter;
  const named = Object.entries(values).map(([name, list]) => [name, [...list].sort()] as const);
  const sorted = [lanes, schedules, states].map((list) => [...list].sort());
  return JSON.stringify([named.sort(([a], [b]) => (a < b ? -1 : 1)), sorted, received, dispensed]);
}
