/** Writes docs/openapi/pms.yaml: `node src/demo/pms/openapi/write-schema.ts`. A test checks that it is current. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pmsOpenApiYaml } from './document.ts';

const file = resolve(import.meta.dirname, '../../../../docs/openapi/pms.yaml');
writeFileSync(file, pmsOpenApiYaml());
process.stdout.write(`${file}\n`);
