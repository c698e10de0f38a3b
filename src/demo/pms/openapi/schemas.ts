/** The wire schemas as JSON Schema (2020-12, the dialect of OpenAPI 3.1), under the names the contract gives them. */
import { z } from 'zod';
import { schemaRef as namedRef, namedSchemas } from '../../../record/named-schemas.ts';
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
  return namedSchemas(NAMED);
}

/** The reference to a schema from anywhere in the document. */
export function schemaRef(name: SchemaName): string {
  return namedRef(name);
}
