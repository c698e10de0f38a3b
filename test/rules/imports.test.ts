/**
 * Proves that each import rule of biome.json bites where it should and nowhere else. A rule that matches nothing looks
 * exactly like a rule that is kept, and an override silently replaces the one before it: so every rule is shown a
 * violation here, and every allowed direction an import that must pass.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { type Finding, lint } from './biome.ts';

const STAGES = [
  'intake',
  'link',
  'sync',
  'control',
  'health',
  'dashboard',
  'lane',
  'demo',
  'trail',
  'archive',
  'backup',
  'storage',
  'reports',
  'people',
  'enrolment',
] as const;
/** Rooms that stand alone: arithmetic, the inspector's own reading, a program beside the gateway. */
const APART = ['tlog', 'pki', 'inspect', 'sealer'] as const;

interface Case {
  readonly from: string;
  readonly imports: string;
  /** Part of the message a person reads, or null when the import is allowed. */
  readonly says: string | null;
}

const no = (from: string, imports: string, says: string): Case => ({ from, imports, says });
const yes = (from: string, imports: string): Case => ({ from, imports, says: null });

const floors: Case[] = [
  ...['tlog', 'pki', 'record', 'buffer', ...STAGES, 'sealer', 'inspect'].map((room) =>
    no('src/base', `../${room}/x.ts`, 'base is the floor'),
  ),
  ...['pki', 'buffer', ...STAGES, 'sealer', 'inspect'].map((room) =>
    no('src/record', `../${room}/x.ts`, 'without disk or network'),
  ),
  ...['pki', ...STAGES, 'sealer', 'inspect'].map((room) => no('src/buffer', `../${room}/x.ts`, 'knows no stage')),
  ...['pki', 'record', 'buffer', ...STAGES, 'sealer', 'inspect'].map((room) =>
    no('src/tlog', `../${room}/x.ts`, 'arithmetic of transparency logs'),
  ),
  ...['tlog', 'record', 'buffer', ...STAGES, 'sealer', 'inspect'].map((room) =>
    no('src/pki', `../${room}/x.ts`, 'makes and reads certificates'),
  ),
  ...['tlog', 'pki', 'record', 'buffer', ...STAGES, 'sealer'].map((room) =>
    no('src/inspect', `../${room}/x.ts`, 'shares no code with them'),
  ),
  ...['pki', 'buffer', ...STAGES, 'inspect'].map((room) =>
    no('src/sealer', `../${room}/x.ts`, room === 'buffer' ? 'knows no buffer' : 'Stages never import each other'),
  ),
  ...['tlog', 'pki', 'record', 'inspect', 'sealer'].map((room) =>
    no(`src/${room}`, '../main/x.ts', 'nobody looks back at it'),
  ),
  ...['tlog', 'pki', 'inspect', 'sealer'].map((room) => yes(`src/${room}`, '../base/clock.ts')),
  ...['record', 'buffer', 'sealer', 'trail', 'sync', 'demo', 'lane'].map((room) => yes(`src/${room}`, '../tlog/x.ts')),
  ...['intake', 'lane', 'reports', 'backup'].map((room) => yes(`src/${room}`, '../pki/x.ts')),
  no('src/base', '../main/x.ts', 'nobody looks back at it'),
  no('src/buffer', '../main/x.ts', 'nobody looks back at it'),
  no('src/base/config', '../../record/x.ts', 'base is the floor'),
  yes('src/base/config', '../errors.ts'),
  yes('src/record', '../base/clock.ts'),
  yes('src/buffer', '../record/types.ts'),
  yes('src/buffer', '../base/clock.ts'),
  ...[...STAGES, ...APART, 'buffer', 'record', 'base'].map((room) => yes('src/main', `../${room}/x.ts`)),
];

/** What holds for a stage, seen from a folder of it; `up` leads from there to src/. */
const stageCases = (from: string, up: string): Case[] => {
  const room = from.split('/')[1] ?? '';
  return [
    ...[...STAGES, 'sealer', 'inspect']
      .filter((other) => other !== room)
      .map((other) => no(from, `${up}/${other}/x.ts`, 'Stages never import each other')),
    no(from, `${up}/main/x.ts`, 'nobody looks back at it'),
    no(from, `${up}/buffer/store.ts`, 'only through src/buffer/api.ts'),
    yes(from, `${up}/buffer/api.ts`),
    yes(from, `${up}/record/types.ts`),
    yes(from, `${up}/base/log.ts`),
    yes(from, './sync/own-folder-of-that-name.ts'),
  ];
};

/** Folders with an override of their own: it replaces the room's, so everything has to be said in it again. */
const EXCEPTIONS = ['src/lane/outbox', 'src/demo/pms', 'src/demo/checker'] as const;
const stages: Case[] = [
  ...STAGES.flatMap((room) => [...stageCases(`src/${room}`, '..'), ...stageCases(`src/${room}/deeper`, '../..')]),
  ...EXCEPTIONS.flatMap((folder) => stageCases(folder, '../..')),
];

const ROOMS = ['base', 'record', ...APART, ...STAGES, 'main'];
const packages: Case[] = [
  ...ROOMS.flatMap((room) =>
    ['better-sqlite3', 'node:sqlite'].map((name) => no(`src/${room}`, name, 'Only src/buffer talks to SQLite')),
  ),
  ...[...ROOMS, 'buffer'].map((room) => no(`src/${room}`, 'pino', 'keeps patient data out of the logs')),
  ...[...ROOMS.filter((room) => room !== 'intake'), 'buffer'].map((room) =>
    no(`src/${room}`, 'aedes', 'broker belongs to src/intake'),
  ),
  ...['src/buffer', ...EXCEPTIONS].flatMap((folder) => [
    yes(folder, 'better-sqlite3'),
    no(folder, 'node:sqlite', 'Only src/buffer talks to SQLite'),
    no(folder, 'pino', 'keeps patient data out of the logs'),
    no(folder, 'aedes', 'broker belongs to src/intake'),
  ]),
  yes('src/intake', 'aedes'),
  no('src/demo/simulator', 'better-sqlite3', 'Only src/buffer talks to SQLite'),
];

/** Everything base/log.ts may not import, one a line: it is let through to pino by name, with an override of its own. */
const LOG_MAY_NOT = [
  ...['record', 'buffer', ...STAGES, 'main'].map((room) => `../${room}/x.ts`),
  'better-sqlite3',
  'node:sqlite',
  'aedes',
];

/** Forms an import can take; the rule must see through all of them. */
const FORMS: Record<string, string> = {
  'type import': "import type { X } from '../buffer/api.ts';\nexport type Y = X;\n",
  're-export': "export * from '../buffer/api.ts';\n",
  'dynamic import': "export const x = await import('../buffer/api.ts');\n",
  'import for effect': "import '../buffer/api.ts';\n",
};

const cases = [...floors, ...stages, ...packages];
const pathOf = (index: number, { from }: Case) => `${from}/case-${index}.ts`;
let found = new Map<string, Finding[]>();
const restricted = (path: string) => (found.get(path) ?? []).filter(({ rule }) => rule === 'noRestrictedImports');

beforeAll(() => {
  const snippets = cases.map((entry, index) => [
    pathOf(index, entry),
    `import { x } from '${entry.imports}';\nexport const y = x;\n`,
  ]);
  const forms = Object.entries(FORMS).map(([name, text]) => [`src/record/form-${name.replaceAll(' ', '-')}.ts`, text]);
  // Files of the lane's outbox and of the log are let through by name, not by folder.
  const named = [
    ['src/lane/outbox.ts', "import x from 'better-sqlite3';\nexport const y = x;\n"],
    ['src/base/log.ts', ['pino', ...LOG_MAY_NOT].map((name) => `import '${name}';\n`).join('')],
  ];
  found = lint(Object.fromEntries([...snippets, ...forms, ...named]));
});

describe('refused imports', () => {
  test.each(cases.map((entry, index) => ({ ...entry, index })).filter(({ says }) => says !== null))(
    '$from may not import $imports',
    ({ index, ...entry }) => {
      const [finding, ...more] = restricted(pathOf(index, entry));
      expect(finding).toMatchObject({ severity: 'error', message: expect.stringContaining(entry.says ?? '') });
      expect(more).toEqual([]);
    },
  );

  test.each(Object.keys(FORMS))('seen through the form: %s', (name) => {
    expect(restricted(`src/record/form-${name.replaceAll(' ', '-')}.ts`)).toHaveLength(1);
  });
});

describe('allowed imports', () => {
  test.each(cases.map((entry, index) => ({ ...entry, index })).filter(({ says }) => says === null))(
    '$from may import $imports',
    ({ index, ...entry }) => expect(restricted(pathOf(index, entry))).toEqual([]),
  );

  test('the outbox of a lane has its database', () => expect(restricted('src/lane/outbox.ts')).toEqual([]));

  test('base/log.ts has pino, and nothing else of what is refused', () => {
    expect(restricted('src/base/log.ts')).toHaveLength(LOG_MAY_NOT.length);
  });
});
