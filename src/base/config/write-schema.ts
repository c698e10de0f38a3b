/** Writes config/counterfoil.schema.json: `node src/base/config/write-schema.ts`. A test checks that it is current. */
import { writeFileSync } from 'node:fs';
import { configJsonSchema } from './json-schema.ts';

const target = new URL('../../../config/counterfoil.schema.json', import.meta.url);
writeFileSync(target, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
