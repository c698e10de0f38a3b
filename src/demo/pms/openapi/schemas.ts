/** The wire schemas as JSON Schema (2020-12, the dialect of OpenAPI 3.1), under the names the contract gives them. */
import { z } from 'zod';
import {
  ConflictResponse,
  Epoch,
  GapMarker,
  Hash,
  Key,
  LookupRequest,
  LookupResponse,
  LookupResult,
  PingResponse,
  Sequence,
  SyncRecord,
  SyncRequest,
  SyncResponse,
  SyncResult,
  Utc,
  Verification,
  WitnessError,
  WitnessOffer,
} from '../../../record/wire.ts';

/** What the reference PMS says besides the status when it refuses a request. Gateways go by the status alone. */
const ErrorResponse = z.looseObject({
  error: z.string().max(64).meta({ description: 'A code for programs and for the log.' }),
  detail: z
    .string()
    .max(1024)
    .optional()
    .meta({ description: 'What to send instead, for people. Names places (`records.3.lane_hash`), never contents.' }),
});

const NAMED = {
  PingResponse,
  SyncRequest,
  SyncRecord,
  GapMarker,
  SyncResponse,
  SyncResult,
  Verification,
  WitnessOffer,
  WitnessError,
  ConflictResponse,
  LookupRequest,
  LookupResponse,
  LookupResult,
  ErrorResponse,
  Sha256: Hash,
  IdempotencyKey: Key,
  Epoch,
  Sequence,
  UtcTime: Utc,
} as const;

export type SchemaName = keyof typeof NAMED;

/** `components.schemas` of the document: each wire schema once, the others refer to it. */
export function componentSchemas(): Record<string, object> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    target: 'draft-2020-12',
    uri: (id) => schemaRef(id),
    override: ({ jsonSchema }) => {
      // zod's pattern checks the calendar too; `format` says so in words that generators know. What is left is the zone.
      if (jsonSchema.format === 'date-time') jsonSchema.pattern = 'Z$';
      // "Anything" is what an absent keyword says too, and in fewer words: unknown members are allowed everywhere.
      if (isEmptySchema(jsonSchema.additionalProperties)) delete jsonSchema.additionalProperties;
      if (jsonSchema.propertyNames !== undefined) delete jsonSchema.propertyNames;
    },
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _dialect, $id: _address, ...rules }]) => [id, withoutEchoes(rules)]),
  );
}

/** Drops what zod repeats of a schema beside the reference to it. */
function withoutEchoes(rules: object): object {
  return JSON.parse(JSON.stringify(rules), (_name, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('$ref' in value)) return value;
    return { ...('description' in value ? { description: value.description } : {}), $ref: value.$ref };
  });
}

/** The reference to a schema from anywhere in the document. */
export function schemaRef(name: string): string {
  return `#/components/schemas/${name}`;
}

function isEmptySchema(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && Object.keys(schema).length === 0;
}
