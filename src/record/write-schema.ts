/**
 * Writes what is published of the record's words: the JSON Schema of a record, and the table of trail entries in
 * docs/FORMATS.md. `node src/record/write-schema.ts`, from anywhere in the checkout.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { recordJsonSchemaText } from './schema.ts';
import { withKindTable } from './trail/table.ts';

const schema = resolve(import.meta.dirname, '../../docs/schema/record.schema.json');
mkdirSync(dirname(schema), { recursive: true });
writeFileSync(schema, recordJsonSchemaText());
const formats = resolve(import.meta.dirname, '../../docs/FORMATS.md');
writeFileSync(formats, withKindTable(readFileSync(formats, 'utf8')));
process.stdout.write(`${schema}\n${formats}\n`);
