/** Records for tests, and the circumstances they arrive in. No real person, prescription or registration is in here. */
import { expect } from 'vitest';
import type { CheckContext } from '../../src/record/check.ts';
import type { ProductTable } from '../../src/record/products.ts';
import { readProductTable } from '../../src/record/products.ts';
import type { CheckedRecord, CheckOutcome } from '../../src/record/types.ts';

export type Members = Record<string, unknown>;

/** The seven members that alone are a record. */
export const least: Members = {
  idempotency_key: '8c0d6e5e-1f2a-4c3b-9d8e-0123456789ab',
  ndc: '0574-4072-05',
  quantity: 30,
  schedule: 'III',
  prescription_id: 'RX-1001',
  pharmacist_npi: '1234567893',
  dispensed_at_utc: '2026-11-22T09:03:00Z',
};

/** Every member a dispensing record can have, without anything doubtful. */
export const full: Members = {
  ...least,
  schema_version: 1,
  kind: 'PARTIAL_FILL',
  refers_to: 'earlier-record-1',
  lane_sequence: 17,
  lane_instance: 'till-3a',
  fill_number: 2,
  partial_number: 1,
  quantity: '2.5',
  quantity_unit: 'ML',
  barcode: ']d201003057440720551728013110L1\u001d21S1',
  gtin: '00305744072055',
  lot: 'L1',
  serial: 'S1',
  expires_on: '2028-01-31',
  patient_ref: 'tok_1',
  prescriber_dea: 'AB1234563',
  signatures: [{ protected: 'e30', signature: 'AA' }],
  witnessed_checkpoint: 'gw-1/00000000/audit\n1\nAAAA\n',
};

/** One minute after the sample sale, clock good, no product table. */
export const context: CheckContext = {
  receivedAtMs: Date.UTC(2026, 10, 22, 9, 4),
  clock: 'synchronised',
  products: null,
};

export const bytesOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value), 'utf8');

export function accepted(outcome: CheckOutcome): CheckedRecord {
  if (!outcome.ok) expect.fail(`refused: ${outcome.reasons.map(({ message }) => message).join('; ')}`);
  return outcome.record;
}

export function refused(outcome: CheckOutcome): Extract<CheckOutcome, { ok: false }> {
  if (outcome.ok) expect.fail('accepted');
  return outcome;
}

/** `code field` of every reason. */
export const reasonsOf = (outcome: CheckOutcome): string[] =>
  refused(outcome).reasons.map(({ code, field }) => (field === null ? code : `${code} ${field}`));

export function tableOf(...rows: readonly string[]): ProductTable {
  const reading = readProductTable(['NDCPACKAGECODE,PROPRIETARYNAME,DEASCHEDULE', ...rows].join('\n'));
  if (!reading.ok) expect.fail(reading.problems.map(({ line, message }) => `${line}: ${message}`).join('; '));
  return reading.table;
}
