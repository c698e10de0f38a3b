/** The JSON Schema of the configuration file, for editors, and the list of keys the other parts here walk. */
import { z } from 'zod';
import type { KeyPath } from './rules.ts';
import { configSchema } from './schema.ts';

/** The parts of JSON Schema (2020-12) that a configuration key uses. */
export interface KeySchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly KeySchema[];
  readonly properties?: Readonly<Record<string, KeySchema>>;
  readonly items?: KeySchema;
}

/** The whole JSON Schema (2020-12) of the file as it is written: defaults are optional. */
export function configJsonSchema(): KeySchema {
  const schema = z.toJSONSchema(configSchema, { io: 'input' });
  // The zod schema fills in an absent `gateway` only so that the error can name `gateway.store`.
  return { ...schema, title: 'Counterfoil gateway configuration', required: ['gateway'] } as KeySchema;
}

/** What stands at `path`, or undefined when no such key exists. A number stands for any item of a list. */
export function keySchemaAt(root: KeySchema, path: KeyPath): KeySchema | undefined {
  let here: KeySchema | undefined = root;
  for (const part of path) here = typeof part === 'number' ? here?.items : here?.properties?.[part];
  return here;
}

/** A key that holds a value rather than other keys. */
export interface LeafKey {
  readonly path: readonly string[];
  readonly schema: KeySchema;
}

/** Every leaf below `schema` in the order of the file. A list is a leaf: its items are not listed. */
export function leafKeys(schema: KeySchema, path: readonly string[] = []): LeafKey[] {
  if (schema.properties === undefined) return [{ path, schema }];
  return Object.entries(schema.properties).flatMap(([key, inner]) => leafKeys(inner, [...path, key]));
}

/** True when text is taken as it stands; false when the value is a number, a boolean or a list. */
export function takesText(schema: KeySchema): boolean {
  return schema.type === 'string' || (schema.anyOf ?? []).some(takesText);
}

/** True when the key may be written as `null`: not set. */
export function takesNull(schema: KeySchema): boolean {
  return schema.type === 'null' || (schema.anyOf ?? []).some(takesNull);
}
