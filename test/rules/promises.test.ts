/** A forgotten promise is a lost error, and here perhaps a lost record: proves that the linter finds each kind. */
import { beforeAll, expect, test } from 'vitest';
import { type Finding, lint } from './biome.ts';

const ASYNC = 'async function commit(): Promise<boolean> {\n  return await Promise.resolve(true);\n}\n';

const BAD: Record<string, { rule: string; text: string }> = {
  floating: { rule: 'noFloatingPromises', text: `${ASYNC}export function f() {\n  commit();\n}\n` },
  'floating-method': {
    rule: 'noFloatingPromises',
    text: `class Store {\n  async close(): Promise<void> {\n    await Promise.resolve();\n  }\n}\nexport function f(store: Store) {\n  store.close();\n}\n`,
  },
  'floating-imported': {
    rule: 'noFloatingPromises',
    text: "import { commit } from './exports.ts';\nexport function f() {\n  commit();\n}\n",
  },
  condition: {
    rule: 'noMisusedPromises',
    text: `${ASYNC}export function f() {\n  if (commit()) return 1;\n  return 2;\n}\n`,
  },
  callback: {
    rule: 'noMisusedPromises',
    text: 'export function f(list: string[]) {\n  list.forEach(async (item) => {\n    await Promise.resolve(item);\n  });\n}\n',
  },
};

const GOOD: Record<string, string> = {
  awaited: `${ASYNC}export async function f() {\n  await commit();\n}\n`,
  'given-away': `${ASYNC}export function f() {\n  return commit();\n}\n`,
  'said-on-purpose': `${ASYNC}export function f() {\n  void commit();\n}\n`,
  caught: `${ASYNC}export function f() {\n  commit().catch(() => undefined);\n}\n`,
};

let found = new Map<string, Finding[]>();
const aboutPromises = (path: string) => (found.get(path) ?? []).filter(({ rule }) => rule.endsWith('Promises'));

beforeAll(() => {
  found = lint({
    'src/sync/exports.ts': `export ${ASYNC}`,
    ...Object.fromEntries(Object.entries(BAD).map(([name, { text }]) => [`src/sync/${name}.ts`, text])),
    ...Object.fromEntries(Object.entries(GOOD).map(([name, text]) => [`src/sync/${name}.ts`, text])),
  });
});

test.each(Object.entries(BAD))('%s is an error', (name, { rule }) => {
  expect(aboutPromises(`src/sync/${name}.ts`)).toMatchObject([{ rule, severity: 'error' }]);
});

test.each(Object.keys(GOOD))('%s passes', (name) => {
  expect(aboutPromises(`src/sync/${name}.ts`)).toEqual([]);
});
