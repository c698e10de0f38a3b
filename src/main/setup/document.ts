/** The configuration file as `setup` writes it: what was answered, each setting under a comment that says what it means. */
import { Document, isMap, isPair, isScalar, type Pair, type YAMLMap } from 'yaml';
import { configJsonSchema, type KeySchema } from '../../base/config/json-schema.ts';
import type { SettingsByName } from './questions.ts';

const HEAD = ` Counterfoil gateway, written by "counterfoil setup". Every setting that is not here has its default; "counterfoil config show
 FILE" lists all that are in force, config/counterfoil.example.yaml describes them. After a change:
   counterfoil config validate --live FILE, then systemctl reload counterfoil (SIGHUP).
 Relative paths count from the directory of this file. Secrets are never written here: *_file settings name their files (mode 0600).`;

/** YAML text of these settings in the order of the configuration's schema. */
export function documentOf(settings: SettingsByName): string {
  const schema = configJsonSchema();
  const document = new Document(inOrder(nested(settings), schema));
  document.commentBefore = HEAD;
  if (isMap(document.contents)) explain(document.contents, schema);
  return document.toString({ lineWidth: 0 });
}

function nested(settings: SettingsByName): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(settings)) {
    const keys = name.split('.');
    const last = keys.pop() ?? name;
    let at = root;
    for (const key of keys) {
      at[key] ??= {};
      at = at[key] as Record<string, unknown>;
    }
    at[last] = value;
  }
  return root;
}

function inOrder(value: unknown, schema: KeySchema | undefined): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const names = Object.keys(schema?.properties ?? {});
  const entries = Object.entries(value).toSorted(([a], [b]) => names.indexOf(a) - names.indexOf(b));
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner, schema?.properties?.[key])]));
}

/** Puts each key's description above it; a section of its own stands off. */
function explain(map: YAMLMap, schema: KeySchema, depth = 0): void {
  for (const pair of map.items) {
    if (!isPair(pair) || !isScalar(pair.key)) continue;
    const inner = schema.properties?.[String(pair.key.value)];
    if (inner === undefined) continue;
    if (inner.description !== undefined) pair.key.commentBefore = wrapped(inner.description);
    pair.key.spaceBefore = depth === 0;
    explainInside(pair, inner, depth);
  }
}

function explainInside(pair: Pair, schema: KeySchema, depth: number): void {
  if (isMap(pair.value)) explain(pair.value, schema, depth + 1);
}

const WIDTH = 110;

function wrapped(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= WIDTH) lines.push(` ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join('\n');
}
