/** Turns the schema's issues into sentences: what is wrong and what to write. */
import type { z } from 'zod';
import { type KeySchema, keySchemaAt, leafKeys } from './json-schema.ts';
import type { KeyPath, Problem } from './rules.ts';
import { closest } from './suggest.ts';

/** A problem with the place to point at: an unknown key itself, or the value that cannot be used. */
export interface LocatedProblem extends Problem {
  readonly at: 'key' | 'value';
}

/**
 * One problem a key, in the order found.
 * @param value what the schema was given
 * @param written how a scalar is written in the file, where it comes from one
 */
export function explainIssues(
  issues: readonly z.core.$ZodIssue[],
  value: unknown,
  schema: KeySchema,
  written: (path: KeyPath) => string | null,
): LocatedProblem[] {
  const problems = new Map<string, LocatedProblem>();
  const add = (problem: LocatedProblem) => {
    const key = problem.path.join('.');
    if (!problems.has(key)) problems.set(key, problem);
  };
  for (const issue of issues) {
    const path = issue.path.filter((part) => typeof part !== 'symbol');
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) add({ path: [...path, key], text: unknownKey(key, path, schema), at: 'key' });
      continue;
    }
    add({ path, text: wrongValue(issue.message, valueAt(value, path), path, schema, written), at: 'value' });
  }
  return [...problems.values()];
}

/** The value at `path`, or undefined. */
export function valueAt(root: unknown, path: KeyPath): unknown {
  let here = root;
  for (const part of path) {
    here = typeof here === 'object' && here !== null ? Reflect.get(here, part) : undefined;
  }
  return here;
}

function unknownKey(key: string, parent: KeyPath, schema: KeySchema): string {
  const siblings = Object.keys(keySchemaAt(schema, parent)?.properties ?? {});
  const meant = closest(key, siblings);
  if (meant !== undefined) return `no such key; did you mean ${meant}?`;
  const elsewhere = leafKeys(schema).filter(({ path }) => path.at(-1) === key);
  const home = elsewhere[0]?.path;
  if (elsewhere.length === 1 && home !== undefined && home.length > 1) {
    return `no such key here; write it under ${home.slice(0, -1).join('.')}:`;
  }
  return `no such key; write one of ${siblings.join(', ')}, or take it out`;
}

function wrongValue(
  write: string,
  value: unknown,
  path: KeyPath,
  schema: KeySchema,
  written: (path: KeyPath) => string | null,
): string {
  if (keySchemaAt(schema, path)?.properties !== undefined) {
    if (value === null) return 'holds nothing; indent its keys below it, or take it out';
    return 'must hold keys; write them indented below it, one "key: value" a line';
  }
  if (value === undefined) return `is missing; write ${write}`;
  if (value === null) return `is empty; write ${write}`;
  if (typeof value === 'number' && isTextKey(path, schema)) {
    return `is a number to YAML, not text; put it in quotes: "${written(path) ?? value}"`;
  }
  return `${shown(value)} cannot be used; write ${write}`;
}

function isTextKey(path: KeyPath, schema: KeySchema): boolean {
  const key = keySchemaAt(schema, path);
  const kinds = key?.anyOf ?? (key === undefined ? [] : [key]);
  return kinds.some((kind) => kind.type === 'string' && kind.enum === undefined);
}

/** A short look at the value. Not of an address with a password in it, and not of whole structures. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = JSON.stringify(value);
  return text.length <= 80 && !text.includes('@') ? text : 'this value';
}
