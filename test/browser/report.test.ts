/** A report's page as it stands alone, in Debian's Chromium, by axe. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { figuresBytes } from '../../src/reports/figures/figures.ts';
import { renderReport } from '../../src/reports/render/render.ts';
import { SCREENS, seriousFindings, startBrowser, visit } from '../harness/browser.ts';
import { missing } from '../harness/programs.ts';
import { sampleFigures } from '../reports/sample.ts';

describe.skipIf(missing('chromium'))('with Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-page-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('axe finds nothing serious in a summary, a trail that does not hold, and a register', async () => {
    const figures = sampleFigures(join(folder, 'trail'), { seed: 11, steps: 150 });
    const broken = {
      ...figures,
      trail: { ...figures.trail, holds: false, faults: ['audit: changed'], faults_total: 1 },
    };
    const register = sampleFigures(join(folder, 'two'), { seed: 12, steps: 60 }, 'schedule_two');
    const browser = await startBrowser();
    try {
      for (const each of [figures, broken, register]) {
        const file = join(folder, 'report.html');
        writeFileSync(file, (await renderReport(figuresBytes(each), [])).html);
        for (const viewport of [SCREENS.phone, SCREENS.desktop]) {
          const { page, complaints, close } = await visit(browser, { viewport });
          await page.goto(`file://${file}`);
          expect(await page.locator('h1').count()).toBe(1);
          expect(await seriousFindings(page)).toEqual([]);
          expect(complaints).toEqual([]);
          await close();
        }
      }
    } finally {
      await browser.close();
    }
  });
});
