/**
 * Environment overrides: `COUNTERFOIL_HTTP_URL` stands for `http.url`. Text is taken as it stands, everything else is
 * read as YAML: `COUNTERFOIL_SYNC_BATCH_SIZE=100`, `COUNTERFOIL_MQTT_LISTEN='[{url: "mqtt://127.0.0.1:1883"}]'`,
 * `COUNTERFOIL_MQTT_LISTEN_0_URL=mqtt://127.0.0.1:1884`. An empty variable counts as not set.
 */
import { parse } from 'yaml';
import { messageOf } from '../errors.ts';
import { type KeySchema, type LeafKey, leafKeys, takesNull, takesText } from './json-schema.ts';
import type { KeyPath, Problem } from './rules.ts';
import { closest } from './suggest.ts';

const PREFIX = 'COUNTERFOIL_';
/** Names the configuration file; read by `findConfigFile`, not an override of a key. */
const NOT_KEYS = new Set(['COUNTERFOIL_CONFIG']);

/** A value that stands above the file. `origin` names it in error texts. */
export interface Override {
  readonly path: KeyPath;
  readonly value: unknown;
  readonly origin: string;
}

export interface EnvironmentOverrides {
  readonly overrides: readonly Override[];
  /** Variables that are meant for the configuration but cannot be used; `origin` names the variable. */
  readonly problems: readonly (Problem & { readonly origin: string })[];
}

/**
 * The overrides in `env`, whole lists before their items. A variable that names no key but looks as if it should is a
 * problem; other variables with our prefix belong to somebody else and are left alone.
 */
export function environmentOverrides(env: NodeJS.ProcessEnv, schema: KeySchema): EnvironmentOverrides {
  const leaves = leafKeys(schema);
  const names = new Map(leaves.map((leaf) => [variableName(leaf.path), leaf]));
  const overrides: Override[] = [];
  const problems: (Problem & { origin: string })[] = [];
  for (const [name, text] of Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!name.startsWith(PREFIX) || NOT_KEYS.has(name) || text === undefined || text === '') continue;
    const leaf = names.get(name) ?? listItem(name, leaves);
    const origin = `environment variable ${name}`;
    if (leaf === undefined) {
      const meant = closest(name.slice(PREFIX.length), [...names.keys()].map(withoutPrefix));
      if (meant === undefined) continue;
      problems.push({
        path: [],
        origin,
        text: `names no key; did you mean ${PREFIX}${meant}? Write that, or unset it`,
      });
      continue;
    }
    try {
      overrides.push({ path: leaf.path, value: readValue(text, leaf.schema), origin });
    } catch (error) {
      problems.push({ path: leaf.path, origin, text: `is not YAML (${messageOf(error)}); write a YAML value` });
    }
  }
  return { overrides, problems };
}

/** `http.url` → `COUNTERFOIL_HTTP_URL`. */
export function variableName(path: KeyPath): string {
  return PREFIX + path.join('_').toUpperCase();
}

function withoutPrefix(name: string): string {
  return name.slice(PREFIX.length);
}

/** `COUNTERFOIL_MQTT_LISTEN_0_URL` → `mqtt.listen.0.url`. */
function listItem(name: string, leaves: readonly LeafKey[]): { path: KeyPath; schema: KeySchema } | undefined {
  for (const { path, schema } of leaves) {
    const list = variableName(path);
    const match = name.startsWith(`${list}_`) ? /^(\d{1,2})_(.+)$/.exec(name.slice(list.length + 1)) : null;
    if (match === null || schema.items === undefined) continue;
    const item = leafKeys(schema.items).find((leaf) => leaf.path.join('_').toUpperCase() === match[2]);
    if (item !== undefined) return { path: [...path, Number(match[1]), ...item.path], schema: item.schema };
  }
  return undefined;
}

function readValue(text: string, schema: KeySchema): unknown {
  if (takesNull(schema) && text === 'null') return null;
  return takesText(schema) ? text : parse(text);
}
