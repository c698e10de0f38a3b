/**
 * House rules that no linter knows. Each rule looks at one file and says what is wrong and what to do instead;
 * house.test.ts runs them over the whole repository and shows each of them a file it must not let pass.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, posix, resolve } from 'node:path';

export interface SourceFile {
  /** From the root of the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Sees one file; gives what is wrong with it, nothing when all is well. `exists` asks for another file by path. */
export type Rule = (file: SourceFile, exists: (path: string) => boolean) => string[];

const FLOOR_ORDER = ['base', 'tlog', 'pki', 'record', 'buffer'];
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
  'sealer',
  'inspect',
];
const ROOMS = [...FLOOR_ORDER, ...STAGES, 'main'];
/** Test folders that look at the whole instead of mirroring a room. */
const TEST_FOLDERS_WITHOUT_MIRROR = ['whole', 'browser', 'crash', 'sequences', 'fuzz', 'rules', 'harness'];
const MAX_SOURCE_LINES = 350;

const roomOf = (path: string) => (path.startsWith('src/') ? path.split('/')[1] : undefined);
const isCode = (path: string) => /\.(ts|mjs)$/.test(path);
const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');

/** Time and randomness are parameters (src/base/clock.ts); only main and the demo meet the real ones. */
const timeIsGiven: Rule = ({ path, text }) => {
  const room = roomOf(path);
  if (room === undefined || !isCode(path) || ['main', 'demo'].includes(room)) return [];
  // A log line carries the time at which it was written; nobody computes with it.
  if (path === 'src/base/clock.ts' || path === 'src/base/log.ts') return [];
  const found = withoutComments(text).match(
    /\b(Date\.now|new Date\(\)|Math\.random|performance\.now|process\.hrtime)/g,
  );
  return (found ?? []).map((call) => `${call}: take a Clock or Random from src/base/clock.ts as a parameter`);
};

const shortFiles: Rule = ({ path, text }) => {
  const lines = text.split('\n').length - 1;
  if (!path.startsWith('src/') || !isCode(path) || lines <= MAX_SOURCE_LINES) return [];
  return [`${lines} lines, at most ${MAX_SOURCE_LINES}: it probably owns two things, take it apart`];
};

const nothingLeftForLater: Rule = ({ text }) =>
  (text.match(/\b(TODO|FIXME|XXX|HACK)\b/g) ?? []).map((mark) => `${mark}: do it, or open an issue`);

const noSuppressions: Rule = ({ path, text }) =>
  isCode(path)
    ? (text.match(/@ts-(ignore|expect-error|nocheck)|biome-ignore|v8 ignore|\bas any\b/g) ?? []).map(
        (mark) => `${mark}: mend the cause instead of silencing the tool`,
      )
    : [];

/** Everything printed by a room goes through the log and its allow-list; main and the demo own the terminal. */
const noConsole: Rule = ({ path, text }) => {
  const room = roomOf(path);
  if (room === undefined || room === 'main' || room === 'demo' || basename(path) === 'write-schema.ts') return [];
  const found = withoutComments(text).match(/\bconsole\.\w+/g);
  return (found ?? []).map((call) => `${call}: use the Log of src/base/log.ts, which cannot carry patient data`);
};

/** Paths of one person's machine, names of people, and claims about the law that a program cannot make. */
const forbiddenWords: Rule = ({ text }) => {
  const patterns: [RegExp, string][] = [
    [/(?<![\w.])\/(home|Users|root|work)\/\w+/g, 'a path of one machine; use a path from the root of the repository'],
    [/@author\b|\b(Co-authored|Signed-off)-by\b/gi, 'names of people belong to the version history'],
    [/\b(HIPAA|DEA|FDA|Part 11|fully)[- ](compliant|certified|approved)\b/gi, 'name the control and its evidence'],
  ];
  return patterns.flatMap(([pattern, why]) => (text.match(pattern) ?? []).map((found) => `${found}: ${why}`));
};

/** `test/sync/backoff.test.ts` tests `src/sync/backoff.ts`; `backoff.property.test.ts` does too. */
const testsMirrorSources: Rule = ({ path }, exists) => {
  const [, folder, rest] = /^test\/([^/]+)\/(.+)\.test\.ts$/.exec(path) ?? [];
  if (folder === undefined || rest === undefined) return [];
  if (TEST_FOLDERS_WITHOUT_MIRROR.includes(folder)) return [];
  const stem = posix.join(dirname(rest), basename(rest).replace(/\..*$/, ''));
  const wanted = [`src/${folder}/${stem}.ts`, `src/${folder}/${stem}.mjs`];
  return wanted.some(exists) ? [] : [`no ${wanted[0]}: name the test after the file it tests`];
};

/** The order of the rooms once more, by where paths lead: also sees `typeof import()` and worker addresses. */
const importsRunOneWay: Rule = ({ path, text }) => {
  const room = roomOf(path);
  if (room === undefined || !isCode(path) || dirname(path) === 'src') return [];
  if (!ROOMS.includes(room)) return [`src/${room} is no room: add it to biome.json, to this rule and ARCHITECTURE.md`];
  const targets = [...withoutComments(text).matchAll(/['"](\.{1,2}\/[^'"]+\.(?:ts|mjs))['"]/g)].map((match) =>
    roomOf(posix.join(dirname(path), match[1] ?? '')),
  );
  return targets
    .filter((target) => target !== undefined && target !== room && !mayUse(room, target))
    .map((target) => `src/${room} reaches into src/${target}: base <- record <- buffer <- stages <- main`);
};

function mayUse(room: string, target: string): boolean {
  const floor = FLOOR_ORDER.indexOf(target);
  if (room === 'main') return true;
  if (STAGES.includes(room)) return floor >= 0;
  return floor >= 0 && floor < FLOOR_ORDER.indexOf(room);
}

/** Relative links of a page lead to a file or folder that is there. Code blocks are no links. */
const linksLeadSomewhere: Rule = ({ path, text }, exists) => {
  if (!path.endsWith('.md')) return [];
  const prose = text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
  return targets
    .filter((target) => !/^([a-z]+:|#)/.test(target))
    .map((target) => posix.join(dirname(path), target.replace(/#.*$/, '')))
    .filter((target) => !exists(target))
    .map((target) => `${target} is linked to, but not there`);
};

export const RULES: Readonly<Record<string, Rule>> = {
  timeIsGiven,
  shortFiles,
  nothingLeftForLater,
  noSuppressions,
  noConsole,
  forbiddenWords,
  testsMirrorSources,
  importsRunOneWay,
  linksLeadSomewhere,
};

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDERS = ['src', 'test', 'bench', 'docs', 'config', '.ci'];
const TEXT = /\.(ts|mjs|js|json|md|yaml|yml|sql|py|c|csv|sh|html)$|^\.ci\/run$/;

/** Every text file of the repository except generated ones and this folder, whose examples break the rules. */
export function repositoryFiles(): SourceFile[] {
  const below = FOLDERS.filter((folder) => existsSync(join(ROOT, folder))).flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => posix.join(entry.parentPath.slice(ROOT.length + 1), entry.name)),
  );
  const top = readdirSync(ROOT).filter((name) => name !== 'package-lock.json');
  return [...top, ...below]
    .filter((path) => TEXT.test(path) && !path.startsWith('test/rules/') && !path.includes('node_modules/'))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

export const inRepository = (path: string) => existsSync(join(ROOT, path));
