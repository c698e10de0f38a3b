import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configJsonSchema, leafKeys } from '../../../src/base/config/json-schema.ts';

test('config/counterfoil.schema.json is current (else run: node src/base/config/write-schema.ts)', () => {
  const file = new URL('../../../config/counterfoil.schema.json', import.meta.url);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
});

test('every key says what it is', () => {
  const schema = configJsonSchema();
  for (const { path, schema: key } of leafKeys(schema)) expect(key.description, path.join('.')).toMatch(/\S/);
});
