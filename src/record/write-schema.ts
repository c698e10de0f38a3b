/** Writes the published JSON Schema of a record: `node src/record/write-schema.ts`, from anywhere in the checkout. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { recordJsonSchemaText } from './schema.ts';

const file = resolve(import.meta.dirname, '../../docs/schema/record.schema.json');
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, recordJsonSchemaText());
process.stdout.write(`${file}\n`);
