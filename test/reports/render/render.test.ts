import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HumanSignature } from '../../../src/reports/api.ts';
import { type Figures, figuresBytes } from '../../../src/reports/figures/figures.ts';
import { renderReport } from '../../../src/reports/render/render.ts';
import { FAKETIME, missing } from '../../harness/programs.ts';
import { sampleFigures } from '../sample.ts';

const CHILD = resolve(import.meta.dirname, 'render-once.ts');
let scratch = '';
let figures: Figures;
let register: Figures;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'counterfoil-render-'));
  figures = sampleFigures(join(scratch, 'trail'), { seed: 11, steps: 150 });
  register = sampleFigures(join(scratch, 'two'), { seed: 12, steps: 60 }, 'schedule_two');
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const sha = (bytes: Buffer): string => hash('sha256', bytes);

describe('the same bytes from the same figures', () => {
  /** Hashes of HTML and PDF as another process makes them. */
  const elsewhere = (env: NodeJS.ProcessEnv, node = process.execPath): string => {
    const file = join(scratch, 'figures.json');
    writeFileSync(file, figuresBytes(figures));
    const { status, stdout, stderr } = spawnSync(node, [CHILD, file], {
      env: { ...process.env, ...env },
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    return stdout;
  };
  const here = async () => {
    const { html, pdf } = await renderReport(figuresBytes(figures), []);
    return `${sha(html)} ${sha(pdf)}`;
  };

  test('twice in one process', async () => expect(await here()).toBe(await here()));

  test.each([
    ['another time zone', { TZ: 'Asia/Kathmandu' }],
    ['another locale', { LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' }],
    ['a zone and a locale', { TZ: 'America/St_Johns', LC_ALL: 'ar_EG.UTF-8' }],
  ])('in a process with %s', async (_, env) => expect(elsewhere(env)).toBe(await here()));

  test.skipIf(missing('faketime'))('in another year', async () =>
    expect(
      elsewhere({ LD_PRELOAD: FAKETIME, FAKETIME: '@1999-12-31 23:59:58', FAKETIME_DONT_FAKE_MONOTONIC: '1' }),
    ).toBe(await here()),
  );

  // Where another build of Node.js is at hand (OTHER_NODE): rendering needs nothing that only the newest one has.
  const other = process.env.OTHER_NODE;
  if (other !== undefined) {
    test('by another build of Node.js', async () => expect(elsewhere({}, other)).toBe(await here()));
  }
});

describe.skipIf(missing('pdfinfo'))('the PDF, as poppler reads it', () => {
  const file = () => join(scratch, 'report.pdf');
  const pdfinfo = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('pdfinfo', [...args, file()], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  };
  const write = async (of: Figures) => writeFileSync(file(), (await renderReport(figuresBytes(of), [])).pdf);

  test('is tagged: headings, tables with heads, figures with words for those who cannot see them', async () => {
    await write(figures);
    expect(pdfinfo()).toMatch(/Tagged: +yes/);
    const structure = pdfinfo('-struct');
    const count = (type: string) => structure.match(new RegExp(`^ *${type}\\b`, 'gm'))?.length ?? 0;
    expect(count('H1')).toBe(1);
    expect(count('H2')).toBeGreaterThan(10);
    expect(count('Table')).toBeGreaterThan(10);
    expect(count('TH')).toBeGreaterThan(50);
    expect(count('Figure')).toBe(2);
    const { stdout } = spawnSync('pdfinfo', ['-struct-text', file()], { encoding: 'utf8' });
    expect(stdout).toContain('Reconciliation');
    const source = (await renderReport(figuresBytes(figures), [])).pdf.toString('latin1');
    expect(source.match(/\/Alt /g)?.length).toBeGreaterThanOrEqual(2);
    expect(source).toContain('/Outlines');
    expect(source).not.toContain('/FlateDecode');
  });

  test('names store, window and report on each page, and how many there are', async () => {
    await write(register);
    const { stdout } = spawnSync('pdftotext', ['-layout', file(), '-'], { encoding: 'utf8' });
    const pages = stdout.split('\f').slice(0, -1);
    pages.forEach((page, at) => {
      expect(page).toContain('Store 0042');
      expect(page).toMatch(/Report schedule_two-\d{8}-[0-9a-f]{12}/);
      expect(page).toContain(`Page ${at + 1} of ${pages.length}`);
      expect(page).toContain('CONFIDENTIAL');
    });
    expect(stdout).toContain('RX-1120');
  });

  test('has few pages however many records there are', async () => {
    const [first] = figures.counted.open;
    if (first === undefined) throw new Error('the sample has nothing open');
    const open = Array.from({ length: 100_000 }, () => first);
    await write({ ...figures, counted: { ...figures.counted, open } });
    expect(Number(/Pages: +(\d+)/.exec(pdfinfo())?.[1])).toBeLessThan(60);
    const { stdout } = spawnSync('pdftotext', ['-layout', file(), '-'], { encoding: 'utf8' });
    expect(stdout).toContain('99800 more are in figures.json.');
  });
});

describe('what the pages say', () => {
  test('a trail that does not hold is told before anything else', async () => {
    const trail = { ...figures.trail, holds: false, faults: ['audit: entry 7 was changed'], faults_total: 12 };
    const { html } = await renderReport(figuresBytes({ ...figures, trail }), []);
    const main = html.toString().split('<main>')[1] ?? '';
    expect(main.trimStart()).toMatch(/^<div class="notice alarm"><p><strong>ALARM: THE AUDIT TRAIL DOES NOT HOLD/);
    expect(main).toContain('audit: entry 7 was changed');
    expect(main).toContain('NO, IT DOES NOT HOLD');
  });

  test('the name of a store is text and nothing else', async () => {
    const { html } = await renderReport(figuresBytes(figures), []);
    expect(html.toString()).toContain('Elm Street Pharmacy &#60;&#38;&#62;');
    expect(html.toString()).not.toMatch(/<script|<link|src=|https?:/);
  });

  test("people's signatures stand in both, with name, time and meaning", async () => {
    const signature: HumanSignature = {
      printedName: 'Sam Signer',
      signedAtUtc: '2026-11-03T13:00:00.000Z',
      meaning: 'I have reviewed this report.',
      keyId: 'sam-1',
      figuresHash: 'x',
      signature: 'a..b',
    };
    const { html, pdf } = await renderReport(figuresBytes(figures), [signature]);
    writeFileSync(join(scratch, 'signed.pdf'), pdf);
    const texts = [html.toString()];
    if (!missing('pdfinfo'))
      texts.push(spawnSync('pdftotext', ['-layout', join(scratch, 'signed.pdf'), '-'], { encoding: 'utf8' }).stdout);
    for (const text of texts) {
      for (const words of ['Sam Signer', '2026-11-03T13:00:00.000Z', 'I have reviewed this report.'])
        expect(text).toContain(words);
    }
  });
});
