/** Records as a till would send them, for tests that publish. */
import { randomUUID } from 'node:crypto';

export interface SentRecord {
  idempotency_key: string;
  [field: string]: unknown;
}

/** The seven fields of a valid record, with a fresh key; `more` adds fields or replaces them. */
export function aRecord(more: Readonly<Record<string, unknown>> = {}): SentRecord {
  const key = randomUUID();
  return {
    idempotency_key: key,
    ndc: '0574-4072-05',
    quantity: 30,
    schedule: 'IV',
    prescription_id: `RX-${key.slice(0, 8)}`,
    pharmacist_npi: '1234567893',
    dispensed_at_utc: new Date().toISOString(),
    ...more,
  };
}

/** The same record as bytes on the wire. */
export const wire = (record: SentRecord): string => JSON.stringify(record);
