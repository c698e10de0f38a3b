/**
 * The Zstandard dictionary of pack form 1, copied on purpose: if the program's copy ever changes, old boxes could no
 * longer be read, and this checker notices because it still holds the bytes they were written with.
 */
export const PACK_DICTIONARY_1: Buffer = Buffer.from(
  [
    '{"barcode":"]d20100305744072055172711301","kind":"PARTIAL_FILL","reason":"","quantity_delta":-1,',
    '"kind":"ADJUSTMENT","kind":"RETURN","kind":"VOID","refers_to":"","partial_number":1,',
    '"dispensed_at_utc_sent":"2026-01-01T00:00:00-05:00","schedule_sent":"C-","schedule_sent":"CII",',
    '{"dispensed_at_utc":"2026-11-22T09:03:00Z","dispensed_at_utc":"2026-12-01T10:15:27.000Z","expires_on":"2027-11-30",',
    '"fill_number":0,"gtin":"00300000000000","idempotency_key":"00000000-0000-4000-8000-000000000000","kind":"DISPENSE",',
    '"lane_instance":"00000000-0000-4000-8000-000000000000","lane_sequence":1000,"lot":"A1","ndc":"00574407205",',
    '"ndc_sent":"0574-4072-05","patient_ref":"","pharmacist_npi":"1234567893","prescriber_dea":"AB1234563",',
    '"prescription_id":"RX-1000","quantity":30,"quantity":"2.5","quantity_unit":"EA","schedule":"NONE","schedule":"IV",',
    '"schedule":"III","schedule":"II","schema_version":1,"serial":"","signatures":[{"protected":"","signature":""}],',
    '"witnessed_checkpoint":""}',
  ].join(''),
  'latin1',
);
