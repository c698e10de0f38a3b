/** Documents lead somewhere: each is in the index, links meet a file and a heading, pages named to operators are there. */
import { dirname, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inRepository, repositoryFiles } from './house.ts';

const files = repositoryFiles();
const pages = new Map(files.filter(({ path }) => path.endsWith('.md')).map(({ path, text }) => [path, text]));
const INDEX = 'docs/README.md';

/** Where a page's links lead: path from the root and the heading, '' without one. Code is no link, and neither is the web. */
function linksOf(path: string, text: string): { target: string; heading: string }[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [file = '', heading = ''] = link.split('#');
      return { target: file === '' ? path : posix.join(dirname(path), file), heading };
    });
}

/** Headings as their anchors: lower case, no punctuation, a hyphen for each space, as forges make them. */
function anchorsOf(text: string): string[] {
  const headings = text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#{1,6} (.+)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replace(/ /g, '-'),
  );
}

describe('links', () => {
  test.each([...pages.keys()])('of %s lead to files and headings that are there', (path) => {
    const lost = linksOf(path, pages.get(path) ?? '').filter(({ heading, target }) => {
      if (!inRepository(target)) return true;
      const text = pages.get(target);
      return heading !== '' && text !== undefined && !anchorsOf(text).includes(heading);
    });
    expect(lost).toEqual([]);
  });

  test('a heading is found as a forge names it, and one in a code block is none', () => {
    expect(anchorsOf('# The trail: verify, show\n```\n# no heading\n```\n## `a_b` and 1.2\n')).toEqual([
      'the-trail-verify-show',
      'a_b-and-12',
    ]);
    expect(linksOf('docs/A.md', '[x](#here) [y](../B.md#there) `[c](d.md)` [z](https://example.org)')).toEqual([
      { target: 'docs/A.md', heading: 'here' },
      { target: 'B.md', heading: 'there' },
    ]);
  });
});

test('every page below docs is in the index, by itself or with its folder', () => {
  const linked = linksOf(INDEX, pages.get(INDEX) ?? '').map(({ target }) => target);
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
  expect(linksOf('README.md', pages.get('README.md') ?? '').map(({ target }) => target)).toContain(INDEX);
});

test('pages that the program, its settings and alerts name are there', () => {
  const named = files
    .filter(({ path }) => /^(src|config|firmware-image)\//.test(path))
    .flatMap(({ text }) => [...text.matchAll(/\bdocs\/[\w./-]+\.(?:md|sh|yaml|json)\b/g)].map(([page]) => page));
  expect(named).toContain('docs/how-to/size-a-disk.md');
  expect([...new Set(named)].filter((page) => !inRepository(page))).toEqual([]);
});
