import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { withKindTable } from '../../../src/record/trail/table.ts';

const formats = readFileSync(resolve(import.meta.dirname, '../../../docs/FORMATS.md'), 'utf8');

test('docs/FORMATS.md has the table of kinds of now', () => {
  expect(formats === withKindTable(formats), 'run: node src/record/write-schema.ts').toBe(true);
});

test('the table says each member of a body and which may be absent', () => {
  expect(formats).toContain('| `discarded` | `{"count":n,"hash":base64 or null,"lane":text}`: ');
  expect(formats).toContain(
    '| `access` | `{"by":text or null,"hash":hex,"number":n,"of":"record"/"evidence","way":"review"} or {',
  );
  expect(formats).toContain('"to":"ONLINE"/"DEGRADED"/"OFFLINE"}`: ');
  expect(formats).toContain('| `stop` | `{}`: ');
  expect(formats).toMatch(/\| `clock` \| `\{"doubt"\?:text,.*"offset_ms"\?:n,/);
});

test('a document without a place for the table is refused', () => {
  expect(() => withKindTable('# Formats\n')).toThrow(/no region/);
});
