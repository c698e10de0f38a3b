/**
 * The detailed register of Schedule II: one row a record, with what the record says. It is the only part of a report that
 * holds record data, and makes its document a confidential one.
 */
import type { KeptRecord } from '../../buffer/api.ts';
import type { IntakeRanges } from './count.ts';

/** Members are absent where the record does not have them; text as the lane sent it. */
export interface RegisterRow {
  readonly sequence: number;
  readonly dispensed_at_utc: string;
  readonly received_ms: number;
  readonly lane: string;
  readonly kind: string;
  readonly prescription_id: string;
  readonly ndc: string;
  readonly quantity: string;
  readonly pharmacist_npi: string;
  readonly prescriber_dea: string;
  readonly patient_ref: string;
  readonly flags: readonly string[];
  /** Where it stands when the register is made. */
  readonly state: string;
  readonly pms_id: string;
  readonly settled_ms: number | null;
  readonly payload_hash: string;
}

/** Rows of the window's Schedule II records, in the order in which they were taken. */
export function registerRows(records: Iterable<KeptRecord>, intakes: IntakeRanges): RegisterRow[] {
  const rows = new Map<number, RegisterRow>();
  for (const record of records) {
    if (record.schedule !== 'II' || !isIn(intakes.schedule_two, record.trail.index)) continue;
    if (!rows.has(record.record_id)) rows.set(record.record_id, rowOf(record));
  }
  return [...rows].sort(([a], [b]) => a - b).map(([, row]) => row);
}

/** Whether an index lies in one of these stretches. */
export function isIn(ranges: readonly (readonly [number, number])[], index: number): boolean {
  return ranges.some(([first, last]) => index >= first && index <= last);
}

function rowOf(record: KeptRecord): RegisterRow {
  const members = membersOf(record.payload);
  const said = (name: string): string => {
    const value = members[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  const last = record.deliveries.findLast(({ outcome }) => outcome !== 'gap_noted');
  return {
    sequence: record.sequence,
    dispensed_at_utc: said('dispensed_at_utc'),
    received_ms: record.received_ms,
    lane: record.lane,
    kind: said('kind') || 'DISPENSE',
    prescription_id: said('prescription_id'),
    ndc: said('ndc'),
    quantity: said('quantity') || said('quantity_delta'),
    pharmacist_npi: said('pharmacist_npi'),
    prescriber_dea: said('prescriber_dea'),
    patient_ref: said('patient_ref'),
    flags: record.flags,
    state: record.payload === null ? `${record.state} (unreadable)` : record.state,
    pms_id: last?.pms_id ?? '',
    settled_ms: last?.answered_ms ?? null,
    payload_hash: record.payload_hash,
  };
}

function membersOf(payload: string | null): Readonly<Record<string, unknown>> {
  if (payload === null) return {};
  try {
    return JSON.parse(payload) as Record<string, unknown>;
  } catch {
    return {};
  }
}
