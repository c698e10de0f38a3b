/**
 * Found records as CSV (RFC 4180, with a heading) or JSON. A cell that a spreadsheet would take for a formula gets an
 * apostrophe in front: what a till sends must not run on an inspector's machine. Numbers stay as they are.
 */
import { toUtcText } from '../base/clock.ts';
import type { FoundRecord } from './search.ts';

type Cell = string | number | boolean | null;

const hex = (base64: string): string => Buffer.from(base64, 'base64').toString('hex');

function sequenceId(gatewayId: string, { record }: FoundRecord): string {
  return `${gatewayId}-${record.epoch}-${String(record.sequence).padStart(12, '0')}`;
}

/** Members of the record itself that have a column; everything else is in its JSON. */
const MEMBERS = [
  'dispensed_at_utc',
  'kind',
  'ndc',
  'quantity',
  'quantity_unit',
  'quantity_delta',
  'prescription_id',
  'fill_number',
  'partial_number',
  'pharmacist_npi',
  'prescriber_dea',
  'patient_ref',
  'lot',
  'serial',
  'expires_on',
  'refers_to',
  'idempotency_key',
] as const;

/** What the gateway says of the record, in the order of the columns. */
function statedOf(gatewayId: string, found: FoundRecord): Record<string, Cell> {
  const { record } = found;
  const last = record.deliveries.at(-1);
  return {
    sequence_id: sequenceId(gatewayId, found),
    state: record.state,
    schedule: record.schedule,
    lane: record.lane,
    received_at_utc: toUtcText(record.received_ms),
    clock: record.clock,
    stream: record.trail.log === 'schedule_two' ? 'schedule_two' : 'standard',
    stream_sequence: record.stream_sequence,
    flags: record.flags.join(' '),
    pms_id: record.deliveries.findLast(({ pms_id: id }) => id !== null)?.pms_id ?? null,
    pms_answered_at_utc: last === undefined ? null : toUtcText(last.answered_ms),
    pms_proof: last === undefined ? null : last.proof,
    lane_hash: hex(record.lane_hash),
    payload_hash: hex(record.payload_hash),
    trail: `${record.trail.log} ${record.trail.index}`,
    held_in: found.heldIn,
  };
}

/** Columns of a search: enough to see which records they are, nothing of a patient. */
const SEARCH_COLUMNS = ['sequence_id', 'received_at_utc', 'state', 'schedule', 'lane', 'held_in', 'flags'];

export interface Table {
  /** What stands before the first, between two, and after the last. */
  readonly open: string;
  readonly between: string;
  readonly close: string;
  row(found: FoundRecord): string;
}

function cellsOf(gatewayId: string, found: FoundRecord): Record<string, Cell> {
  const members = Object.fromEntries(MEMBERS.map((name) => [name, cellOf(found.members[name])]));
  return { ...statedOf(gatewayId, found), ...members };
}

function cellOf(value: unknown): Cell {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' || typeof value === 'number' ? value : JSON.stringify(value);
}

/** `way` search: few columns. `export`: everything, in JSON with the record itself as it was stored. */
export function csvTable(way: 'search' | 'export', gatewayId: string): Table {
  const columns = way === 'search' ? SEARCH_COLUMNS : EXPORT_COLUMNS;
  return {
    open: `${columns.join(',')}\r\n`,
    between: '',
    close: '',
    row(found) {
      const cells = cellsOf(gatewayId, found);
      return `${columns.map((column) => csvCell(cells[column] ?? null)).join(',')}\r\n`;
    },
  };
}

const STATED_COLUMNS = [
  'sequence_id',
  'state',
  'schedule',
  'lane',
  'received_at_utc',
  'clock',
  'stream',
  'stream_sequence',
  'flags',
  'pms_id',
  'pms_answered_at_utc',
  'pms_proof',
  'lane_hash',
  'payload_hash',
  'trail',
  'held_in',
] as const;
const EXPORT_COLUMNS: readonly string[] = [...STATED_COLUMNS, ...MEMBERS];

export function jsonTable(way: 'search' | 'export', gatewayId: string): Table {
  return {
    open: '[\n',
    between: ',\n',
    close: '\n]\n',
    row(found) {
      const stated = statedOf(gatewayId, found);
      if (way === 'search')
        return JSON.stringify(Object.fromEntries(SEARCH_COLUMNS.map((name) => [name, stated[name]])));
      const { deliveries, payload } = found.record;
      const head = JSON.stringify({ ...stated, flags: found.record.flags, deliveries: deliveries.map(wireDelivery) });
      // The stored bytes themselves: they are RFC 8785 JSON, and their SHA-256 is payload_hash.
      return `${head.slice(0, -1)},"record":${payload ?? 'null'}}`;
    },
  };
}

function wireDelivery({ answered_ms: atMs, ...rest }: FoundRecord['record']['deliveries'][number]) {
  return { answered_at_utc: toUtcText(atMs), ...rest };
}

const NUMBER = /^-?[0-9]+(?:\.[0-9]+)?$/;
/** What makes a spreadsheet calculate (OWASP, "CSV Injection"). */
const FORMULA_START = /^[=+\-@\t\r]/;

function csvCell(cell: Cell): string {
  if (cell === null) return '';
  const text = String(cell);
  const safe = FORMULA_START.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
