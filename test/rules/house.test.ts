/** Runs the house rules over the repository, and shows each of them a file it must find and one it must let pass. */
import { describe, expect, test } from 'vitest';
import { inRepository, RULES, repositoryFiles, type SourceFile } from './house.ts';

const file = (path: string, text = ''): SourceFile => ({ path, text });
const lines = (count: number) => 'const a = 1;\n'.repeat(count);

/** By rule: files that break it, and files near the border that do not. */
const EXAMPLES: Record<string, { bad: SourceFile[]; good: SourceFile[] }> = {
  timeIsGiven: {
    bad: [
      file('src/sync/a.ts', 'const now = Date.now();'),
      file('src/buffer/a.ts', 'const now = new Date();'),
      file('src/link/a.ts', 'const delay = Math.random() * 5;'),
      file('src/base/config/a.ts', 'const t = performance.now();'),
      file('src/intake/a.ts', 'const url = "http://x"; const t = process.hrtime.bigint();'),
    ],
    good: [
      file('src/base/clock.ts', 'const now = Date.now();'),
      file('src/main/run.ts', 'const now = Date.now();'),
      file('src/demo/pms/a.ts', 'const now = Date.now();'),
      file('src/sync/a.ts', '/** Never Date.now(). */\n// not Math.random() either\nnew Date(utcMs);'),
      file('test/sync/a.test.ts', 'const now = Date.now();'),
    ],
  },
  shortFiles: {
    bad: [file('src/sync/a.ts', lines(351))],
    good: [file('src/sync/a.ts', lines(350)), file('docs/schema/a.json', lines(900))],
  },
  nothingLeftForLater: {
    bad: [file('src/sync/a.ts', '// TODO later'), file('docs/A.md', 'FIXME'), file('.ci/run', '# XXX')],
    good: [file('src/sync/a.ts', "const key = 'XXXX'; // nothing to do")],
  },
  noSuppressions: {
    bad: [
      file('src/sync/a.ts', '// @ts-expect-error'),
      file('test/sync/a.test.ts', '// biome-ignore lint: x'),
      file('src/sync/b.ts', 'const x = y as any;'),
    ],
    good: [file('CONTRIBUTING.md', 'no `biome-ignore`'), file('src/sync/a.ts', 'as unknown')],
  },
  noConsole: {
    bad: [file('src/sync/a.ts', "console.log('x');")],
    good: [file('src/main/cli.ts', "console.log('x');"), file('src/sync/a.ts', '// console.log')],
  },
  forbiddenWords: {
    bad: [
      file('docs/A.md', 'see /home/someone/notes'),
      file('src/sync/a.ts', "'/root/counterfoil'"),
      file('src/sync/b.ts', '/** @author Somebody */'),
      file('README.md', 'fully compliant and DEA-certified'),
    ],
    good: [file('docs/A.md', 'see docs/work/ and https://example.org/home/page; var/root/x')],
  },
  testsMirrorSources: {
    bad: [file('test/sync/ghost.test.ts'), file('test/base/config/ghost.test.ts')],
    good: [
      file('test/base/clock.test.ts'),
      file('test/base/clock.property.test.ts'),
      file('test/whole/anything.test.ts'),
      file('test/sync/helper.ts'),
    ],
  },
  importsRunOneWay: {
    bad: [
      file('src/base/a.ts', "type X = import('../buffer/api.ts').X;"),
      file('src/record/a.ts', "new Worker(new URL('../buffer/writer.ts', import.meta.url));"),
      file('src/sync/a.ts', "import { x } from '../link/probe.ts';"),
      file('src/lane/deep/a.ts', "import { x } from '../../demo/x.ts';"),
      file('src/buffer/a.ts', "import { x } from '../main/x.ts';"),
      file('src/attic/a.ts', ''),
    ],
    good: [
      file('src/sync/a.ts', "import { x } from '../buffer/api.ts';\nimport { y } from './link/y.ts';"),
      file('src/main/a.ts', "import { x } from '../sync/a.ts';"),
      file('test/sync/a.test.ts', "import { x } from '../../src/link/x.ts';"),
    ],
  },
  linksLeadSomewhere: {
    bad: [file('docs/A.md', 'see [there](NOWHERE.md)'), file('README.md', '[x](docs/decisions/9999-nothing.md#a)')],
    good: [
      file('docs/A.md', '[x](../package.json#scripts) [y](https://example.org) [z](#here) `[c](d.md)`'),
      file('docs/B.md', '```\n[x](nowhere.md)\n```\n[folder](../src/base/)'),
    ],
  },
};

describe('the repository keeps the house rules', () => {
  const files = repositoryFiles();

  test('there are files to look at', () => {
    expect(files.map(({ path }) => path)).toEqual(expect.arrayContaining(['package.json', 'src/base/clock.ts']));
  });

  test.each(Object.entries(RULES))('%s', (_, rule) => {
    const found = files.flatMap((each) => rule(each, inRepository).map((what) => `${each.path}: ${what}`));
    expect(found).toEqual([]);
  });
});

describe('each house rule bites', () => {
  test('every rule has examples', () => expect(Object.keys(EXAMPLES)).toEqual(Object.keys(RULES)));

  const all = Object.entries(EXAMPLES).flatMap(([name, { bad, good }]) => [
    ...bad.map((example) => ({ name, example, path: example.path, verdict: 'refused' })),
    ...good.map((example) => ({ name, example, path: example.path, verdict: 'let pass' })),
  ]);
  test.each(all)('$name: $path $verdict', ({ name, example, verdict }) => {
    const found = RULES[name]?.(example, inRepository) ?? [];
    expect(found.length > 0 ? 'refused' : 'let pass').toBe(verdict);
  });
});
