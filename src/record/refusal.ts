/** Why a JSON value is not a record, in words a lane's developer can act on. */
import type { z } from 'zod';
import { readInstant } from './instant.ts';
import { reason } from './reason.ts';
import { dispensedSchema, KEY_PATTERN, type RecordMembers, recordSchema, SENT_BESIDE, WHAT_TO_SEND } from './schema.ts';
import type { JsonObject, JsonValue } from './strict-json.ts';
import type { Reason, ReasonCode } from './types.ts';

const RESERVED: ReadonlySet<string> = new Set(Object.values(SENT_BESIDE));

/** Whether a JSON object has all a record needs. The time is checked by those who read it anyway. */
export function hasMembers(object: JsonObject): object is JsonObject & RecordMembers {
  // The result's copy is left alone: in the original a member called `__proto__` is data and changes nothing.
  return (
    recordSchema.safeParse(object).success && (object.lane_sequence === undefined || object.lane_instance !== undefined)
  );
}

/** Every reason why an object is not a record, one for each member; empty when it is one. */
export function refusalsOf(object: JsonObject): Reason[] {
  const found = new Map<string, Reason>();
  for (const [name, code] of [...schemaRefusals(object), ...otherRefusals(object)]) {
    if (!found.has(name)) found.set(name, reason(code, name, messageFor(name, code)));
  }
  return [...found.values()];
}

/** The record's key, if it has one that can be used to answer the lane; null otherwise. */
export function readKey(value: JsonValue | undefined): string | null {
  const key = isObject(value) && Object.hasOwn(value, 'idempotency_key') ? value.idempotency_key : null;
  return typeof key === 'string' && KEY_PATTERN.test(key) ? key : null;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type Refusal = readonly [name: string, code: ReasonCode];

function schemaRefusals(object: JsonObject): Refusal[] {
  const issues = recordSchema.safeParse(object).error?.issues ?? [];
  // With an unknown kind zod looks at nothing else.
  const kindUnknown = issues.some(({ path, code }) => code === 'invalid_union' && path[0] === 'kind');
  const others = kindUnknown ? (dispensedSchema.safeParse(object).error?.issues ?? []) : [];
  return [...issues, ...others].map((issue) => {
    const name = String(issue.path[0]);
    return [name, codeOf(issue, name, object)];
  });
}

function codeOf(issue: z.core.$ZodIssue, name: string, object: JsonObject): ReasonCode {
  if (RESERVED.has(name)) return 'reserved_field';
  if (!Object.hasOwn(object, name)) return 'field_missing';
  if (name === 'kind') return typeof object[name] === 'string' ? 'field_value' : 'field_type';
  return isWrongType(issue, object[name]) ? 'field_type' : 'field_value';
}

/** A number that is no integer has the right type for JSON. */
function isWrongType(issue: z.core.$ZodIssue, sent: JsonValue | undefined): boolean {
  if (issue.code === 'invalid_type') return issue.expected !== 'int' || typeof sent !== 'number';
  if (issue.code === 'invalid_value') return issue.values.every((value) => typeof value !== typeof sent);
  return issue.code === 'invalid_union' && issue.errors.flat().every((tried) => isWrongType(tried, sent));
}

/** What the schema cannot see. */
function otherRefusals(object: JsonObject): Refusal[] {
  const refusals: Refusal[] = [];
  const dispensedAt = object.dispensed_at_utc;
  if (typeof dispensedAt === 'string' && readInstant(dispensedAt) === null) {
    refusals.push(['dispensed_at_utc', 'field_value']);
  }
  if (object.lane_sequence !== undefined && object.lane_instance === undefined) {
    refusals.push(['lane_instance', 'field_missing']);
  }
  return refusals;
}

/** Names of members come from the schema only: an unknown one is the lane's own text and may say anything. */
export function withoutForeignName(given: Reason): Reason {
  return given.field === null || WHAT_TO_SEND.has(given.field) ? given : { ...given, field: null };
}

function messageFor(name: string, code: ReasonCode): string {
  const send = WHAT_TO_SEND.get(name) ?? 'what the record schema asks for';
  return code === 'field_missing' ? `${name} is missing: send ${send}` : `${name}: send ${send}`;
}
