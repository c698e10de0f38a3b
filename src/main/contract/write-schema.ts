/**
 * Writes the gateway's contracts into docs/openapi: `node src/main/contract/write-schema.ts`. Tests check that they are
 * current.
 */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gatewayOpenApiYaml } from './gateway.ts';
import { lanesAsyncApiYaml } from './lanes.ts';

const documents = { 'gateway.yaml': gatewayOpenApiYaml(), 'lanes.asyncapi.yaml': lanesAsyncApiYaml() };
for (const [name, text] of Object.entries(documents)) {
  const file = resolve(import.meta.dirname, '../../../docs/openapi', name);
  writeFileSync(file, text);
  process.stdout.write(`${file}\n`);
}
