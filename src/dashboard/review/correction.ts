/** A corrected record as the fields of a form: made of the original, read back as the record that would be published. */
import { isObject } from '../../record/refusal.ts';
import { SENT_BESIDE } from '../../record/schema.ts';
import { type JsonObject, type JsonValue, parse } from '../../record/strict-json.ts';

export interface Field {
  /** Of the form: `m.` before a member that is text, `n.` before one that is a number or a truth value. */
  readonly name: string;
  readonly member: string;
  readonly label: string;
  readonly value: string;
  readonly required: boolean;
}

/** What every record has, in the order in which people think of it. */
const ALWAYS = [
  'idempotency_key',
  'ndc',
  'quantity',
  'schedule',
  'prescription_id',
  'pharmacist_npi',
  'dispensed_at_utc',
];
const LABELS = new Map(
  Object.entries({
    idempotency_key: 'Key of the corrected record (new)',
    refers_to: 'Key of the record it corrects',
    ndc: 'NDC',
    quantity: 'Quantity',
    quantity_delta: 'Change of quantity',
    schedule: 'Schedule',
    prescription_id: 'Prescription',
    pharmacist_npi: 'NPI of the pharmacist',
    dispensed_at_utc: 'Dispensed at (UTC)',
    kind: 'Kind',
    reason: 'Reason',
  }),
);
/** Of each member that normalising changed: where what was sent stands. */
const SENT = new Map<string, string>(Object.entries(SENT_BESIDE));
const TAKEN = new Set(SENT.values());
/** Of the till's sending, not of the sale: a person's record has no number of a till, and old signatures are not over it. */
const LEFT_OUT = new Set(['lane_sequence', 'lane_instance', 'signatures', 'witnessed_checkpoint']);
/** GS (ASCII 29) ends fields of a scan; nobody can type it. */
const [GS, SHOWN_GS] = ['\u001d', '\u241d'];
const LITERAL = /^(-?(0|[1-9]\d{0,15})(\.\d+)?|true|false)$/;

/** What the bytes hold, when it is an object; null for anything else. */
export function membersOf(bytes: Buffer | null): JsonObject | null {
  const value = bytes === null ? undefined : parse(bytes);
  return value !== undefined && isObject(value) ? value : null;
}

/**
 * Fields of a corrected record. `isRecord`: the original is a record, so the new one refers to it; a publish that became
 * none is sent anew instead.
 */
export function fieldsOf(original: JsonObject | null, isRecord: boolean, newKey: string): Field[] {
  const members = asSent(original ?? {});
  const key = members.get('idempotency_key');
  members.set('idempotency_key', newKey);
  if (isRecord) members.set('refers_to', typeof key === 'string' ? key : '');
  const adjusts = members.get('kind') === 'ADJUSTMENT';
  const wanted = adjusts ? ALWAYS.filter((name) => name !== 'quantity' && name !== 'prescription_id') : ALWAYS;
  const first = [...wanted, ...(adjusts ? ['quantity_delta', 'reason'] : []), ...(isRecord ? ['refers_to'] : [])];
  const names = [...first, ...[...members.keys()].filter((name) => !first.includes(name))];
  return names.flatMap((member) => {
    const value = members.get(member) ?? '';
    if (typeof value === 'object') return [];
    const isText = typeof value === 'string' && !['quantity', 'quantity_delta'].includes(member);
    return {
      name: `${isText ? 'm' : 'n'}.${member}`,
      member,
      label: LABELS.get(member) ?? member,
      value: String(value).replaceAll(GS, SHOWN_GS),
      required: first.includes(member),
    };
  });
}

/** The record in a form's fields, as JSON; null when the form has none. Whether it is a good record, the gateway judges. */
export function readFields(form: URLSearchParams): Buffer | null {
  const members = [...form].flatMap(([name, text]): [string, JsonValue][] => {
    const [, kind, member = ''] = /^([mn])\.(.{1,128})$/.exec(name) ?? [];
    const value = text.trim().replaceAll(SHOWN_GS, GS);
    if (kind === undefined || value === '') return [];
    return [[member, kind === 'n' ? literal(member, value) : value]];
  });
  return members.length === 0 ? null : Buffer.from(JSON.stringify(Object.fromEntries(members)), 'utf8');
}

/** Fields as a person has filled them in, to be shown again. */
export function fieldsFrom(form: URLSearchParams): Field[] {
  return [...form].flatMap(([name, value]) => {
    const [, member] = /^[mn]\.(.{1,128})$/.exec(name) ?? [];
    if (member === undefined) return [];
    const required = ALWAYS.includes(member) || member === 'refers_to';
    return { name, member, label: LABELS.get(member) ?? member, value, required };
  });
}

function asSent(original: JsonObject): Map<string, JsonValue> {
  const values = new Map(Object.entries(original));
  const kept = [...values].filter(([name]) => !TAKEN.has(name) && !LEFT_OUT.has(name));
  return new Map(kept.map(([name, value]) => [name, values.get(SENT.get(name) ?? name) ?? value]));
}

/** Quantities that are no whole numbers travel as text. */
function literal(member: string, text: string): JsonValue {
  if (member.startsWith('quantity')) return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
  return LITERAL.test(text) ? (JSON.parse(text) as JsonValue) : text;
}
