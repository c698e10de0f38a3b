import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { recordJsonSchema, recordJsonSchemaText, recordSchema, WHAT_TO_SEND } from '../../src/record/schema.ts';
import { full, least } from './sample.ts';

test('docs/schema/record.schema.json is current', () => {
  const file = readFileSync(resolve(import.meta.dirname, '../../docs/schema/record.schema.json'), 'utf8');
  expect(file === recordJsonSchemaText(), 'run: node src/record/write-schema.ts').toBe(true);
});

test('the text is the schema, in short', () => {
  expect(JSON.parse(recordJsonSchemaText())).toEqual(recordJsonSchema());
  expect(recordJsonSchema()).toMatchObject({ $schema: expect.stringContaining('2020-12'), oneOf: [{}, {}, {}] });
});

test('the published schema says the same as the code', () => {
  // zod reads everything of it but this one keyword.
  const { dependentRequired, ...rules } = JSON.parse(recordJsonSchemaText());
  expect(dependentRequired).toEqual({ lane_sequence: ['lane_instance'] });
  const published = z.fromJSONSchema(rules);
  const adjustment = { ...least, kind: 'ADJUSTMENT', quantity_delta: '-0.5', reason: 'count' };
  const good = [
    least,
    full,
    { ...least, kind: 'VOID', refers_to: 'earlier-1' },
    adjustment,
    { ...least, unknown: [1] },
  ];
  const bad = [
    { ...least, kind: 'VOID' },
    { ...least, ndc_sent: 'x' },
    { ...least, quantity: '0.000' },
    { ...least, schedule: 'RX' },
    { ...least, dispensed_at_utc: 'today' },
    { ...adjustment, quantity_delta: 0 },
    [],
  ];
  for (const value of good)
    expect([published, recordSchema].map((schema) => schema.safeParse(value).success)).toEqual([true, true]);
  for (const value of bad) expect(published.safeParse(value).success).toBe(false);
});

test('every member says what to send', () => {
  expect([...WHAT_TO_SEND.keys()]).toEqual(expect.arrayContaining([...Object.keys(full), 'quantity_delta', 'reason']));
});

test('unknown members are let through, also those that mean something to JavaScript', () => {
  const odd = JSON.parse('{"__proto__":{"kind":"X","refers_to":1},"constructor":1,"toString":null,"":[]}');
  expect(recordSchema.safeParse({ ...least, ...odd }).success).toBe(true);
  expect(
    recordSchema.safeParse(JSON.parse(JSON.stringify(least).replace('{', '{"__proto__":{"kind":"X"},'))).success,
  ).toBe(true);
  expect(Object.keys(Object.prototype)).toEqual([]);
});
