import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
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
