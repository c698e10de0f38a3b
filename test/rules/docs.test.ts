/** Documents are found: each is in the index, and pages named to operators are there. */
import { dirname, posix } from 'node:path';
import { expect, test } from 'vitest';
import { inRepository, repositoryFiles } from './house.ts';

const files = repositoryFiles();
const pages = new Map(files.filter(({ path }) => path.endsWith('.md')).map(({ path, text }) => [path, text]));
const INDEX = 'docs/README.md';

/** Where a page's links lead, from the root. Code is no link, and neither is the web. */
function linksOf(path: string, text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => posix.join(dirname(path), link.replace(/#.*$/, '')));
}

test('every page below docs is in the index, by itself or with its folder', () => {
  const linked = linksOf(INDEX, pages.get(INDEX) ?? '');
  const folders = linked.flatMap((target) =>
    target.endsWith('/') ? [target] : target.endsWith('/README.md') ? [`${dirname(target)}/`] : [],
  );
  const left = [...pages.keys()].filter(
    (path) =>
      path.startsWith('docs/') &&
      path !== INDEX &&
      !linked.includes(path) &&
      !folders.some((folder) => path.startsWith(folder)),
  );
  expect(left).toEqual([]);
  expect(linksOf('README.md', pages.get('README.md') ?? '')).toContain(INDEX);
});

test('pages that the program, its settings and alerts name are there', () => {
  const named = files
    .filter(({ path }) => /^(src|config|firmware-image)\//.test(path))
    .flatMap(({ text }) => [...text.matchAll(/\bdocs\/[\w./-]+\.(?:md|sh|yaml|json)\b/g)].map(([page]) => page));
  expect(named).toContain('docs/how-to/size-a-disk.md');
  expect([...new Set(named)].filter((page) => !inRepository(page))).toEqual([]);
});
