/**
 * The closed list of what a trail can tell: every kind of entry with the schema of its body. Nothing else is ever written,
 * and no body has room for what a record says (promise 7). The compiler holds writers to it; tests hold whole runs to it.
 * The table in docs/FORMATS.md is made from here: `node src/record/write-schema.ts`.
 */
import { z } from 'zod';
import { GATEWAY_KINDS, SYNC_KINDS } from './trail/gateway.ts';
import { LANE_KINDS } from './trail/lanes.ts';
import { PEOPLE_KINDS } from './trail/people.ts';
import { RECORD_KINDS } from './trail/records.ts';
import { SCHEDULE_TWO_KINDS } from './trail/schedule-two.ts';
import { STORE_KINDS } from './trail/store.ts';

export const TRAIL_KINDS = {
  ...RECORD_KINDS,
  ...SCHEDULE_TWO_KINDS,
  ...SYNC_KINDS,
  ...GATEWAY_KINDS,
  ...STORE_KINDS,
  ...PEOPLE_KINDS,
  ...LANE_KINDS,
} as const;

export type TrailKind = keyof typeof TRAIL_KINDS;

type Final<T> = T extends string | number | boolean | null | undefined ? T : { readonly [K in keyof T]: Final<T[K]> };

/** Body of an entry of that kind. */
export type TrailBodyOf<K extends TrailKind> = Final<z.output<(typeof TRAIL_KINDS)[K]>>;

export function isTrailKind(kind: string): kind is TrailKind {
  return Object.hasOwn(TRAIL_KINDS, kind);
}

/** What is wrong with an entry's kind and body; null when they are as the list says. */
export function trailBodyFault(kind: string, body: unknown): string | null {
  if (!isTrailKind(kind)) return `there is no kind ${kind}`;
  const checked = TRAIL_KINDS[kind].safeParse(body);
  return checked.success ? null : `${kind}: ${z.prettifyError(checked.error)}`;
}
