/** The dashboard as people use it: a real gateway behind, Debian's Chromium, by keyboard, on small and large screens. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SCREENS, seriousFindings, startBrowser, tabTo, type Visit, visit } from '../harness/browser.ts';
import { Gateway } from '../harness/gateway.ts';
import { publish, subscribe } from '../harness/mosquitto.ts';
import { missing } from '../harness/programs.ts';
import { aRecord, wire } from '../harness/records.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { Scene } from '../harness/scene.ts';

const PATHS = ['/', '/charts', '/charts?span=month', '/lanes', '/waiting', '/trail', '/settings'] as const;
const NAMED = { gateway: { store: '0042', name: 'Elm Street Pharmacy', time_zone: 'America/New_York' } };

describe.skipIf(missing('chromium', 'mosquitto_pub', 'mosquitto_sub'))('with Chromium', () => {
  const scene = new Scene();
  const visits: Visit[] = [];
  let browser: Browser;
  let gateway: Gateway;

  beforeAll(async () => {
    browser = await startBrowser();
    scene.onClose(() => browser.close());
    const pms = await PmsProcess.start(scene);
    gateway = await Gateway.start(scene, { pmsUrl: pms.url, config: NAMED });
    await subscribe(scene, gateway, 'lane-1', 'pos/0042/lane-1/receipts');
    await publish(gateway, 'lane-1', wire(aRecord({ schedule: 'II' })));
    await publish(gateway, 'lane-2', '{"not": "a record"}');
    await gateway.getOnce(
      '/api/v1/status',
      (body) => JSON.stringify(body).includes('"SYNCED":1'),
      'the record at the PMS',
    );
  });
  afterEach(async () => {
    for (const { close } of visits.splice(0)) await close();
  });
  afterAll(() => scene.close());

  const open = async (options: Parameters<typeof visit>[1], at = gateway) => {
    const made = await visit(browser, { ...options, baseURL: at.http });
    visits.push(made);
    return made;
  };

  const looks = (['phone', 'desktop', 'wall'] as const).flatMap((screen) =>
    (['light', 'dark'] as const).map((scheme) => ({ screen, scheme })),
  );
  test.each(looks)(
    'every page on a $screen, $scheme: nothing serious, nothing refused, nothing cut off',
    async ({ screen, scheme }) => {
      const { complaints, page } = await open({ viewport: SCREENS[screen], colorScheme: scheme });
      for (const path of PATHS) {
        await page.goto(path);
        if (path.startsWith('/charts')) await page.locator('canvas').nth(5).waitFor();
        expect(await seriousFindings(page), path).toEqual([]);
        const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        expect(overflow, `${path} is wider than the screen`).toBeLessThanOrEqual(0);
      }
      expect(complaints).toEqual([]);
    },
  );

  test.each(['phone', 'desktop'] as const)(
    'a pharmacist, by keyboard on a %s: from the overview to what waits',
    async (screen) => {
      const { complaints, page } = await open({ viewport: SCREENS[screen] });
      await page.goto('/');
      await page.getByRole('heading', { level: 1, name: 'Everything that can be sent is at the PMS.' }).waitFor();
      await tabTo(page, 'Skip to the content');
      await page.keyboard.press('Enter');
      await tabTo(page, /^Review 1 item$/);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'For a person' }).waitFor();
      expect(await page.getByRole('row', { name: /lane-2.*field_missing/ }).count()).toBe(1);
      expect(complaints).toEqual([]);
    },
  );

  test.each(['phone', 'desktop'] as const)(
    'the NOC, by keyboard on a %s: charts, another span, a chart as a table',
    async (screen) => {
      const { complaints, page } = await open({ viewport: SCREENS[screen], colorScheme: 'dark' });
      await page.goto('/');
      await tabTo(page, 'Charts');
      await page.keyboard.press('Enter');
      await page.locator('[data-chart="depth"] canvas').waitFor();
      await tabTo(page, 'Last day');
      await page.keyboard.press('Enter');
      await page.waitForURL('**/charts?span=day');
      await tabTo(page, 'Records on the way as a table');
      await page.keyboard.press('Enter');
      const table = page.getByRole('table', { name: /^Records on the way/ });
      await table.waitFor();
      expect(await table.getByRole('row').count()).toBe(145);
      await tabTo(page, /^Records on the way, table/);
      expect(complaints).toEqual([]);
    },
  );

  test('compliance, by keyboard: the newest checkpoint, as text and as a code', async () => {
    const { complaints, page } = await open({ viewport: SCREENS.desktop });
    await gateway.getOnce('/api/v1/checkpoint', (body) => JSON.stringify(body).includes('gw-0042/'), 'a checkpoint');
    await page.goto('/trail');
    await tabTo(page, /^gw-0042\/[0-9a-f]{8}\/audit\n\d+\n/);
    await page.getByRole('img', { name: 'Audit trail: the newest checkpoint as a QR code' }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('the focus can be seen, and nothing moves for those who asked for that', async () => {
    const { page } = await open({ viewport: SCREENS.desktop, reducedMotion: 'reduce' });
    await page.goto('/');
    await tabTo(page, 'Lanes');
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineWidth')).toBe('3px');
    expect(await page.evaluate('getComputedStyle(document.activeElement).transitionDuration')).toBe('0s');
  });

  test('figures are live, the line is told when it goes down, and a gateway that is gone makes them old', async () => {
    const own = new Scene();
    try {
      const pms = await PmsProcess.start(own);
      const alone = await Gateway.start(own, { pmsUrl: pms.url, config: { ...NAMED, pms: { offline_after: 2 } } });
      const { page } = await open({ viewport: SCREENS.phone }, alone);
      await page.goto('/');
      await page.getByRole('heading', { name: 'Every record is at the PMS.' }).waitFor();
      await publish(alone, 'lane-1', wire(aRecord()));
      await page.locator('.rest .number', { hasText: /^1$/ }).waitFor();
      await pms.stop();
      await publish(alone, 'lane-1', wire(aRecord()));
      await page
        .getByRole('heading', { name: /^No line to the PMS for .*Go on selling: 1 record is safe here/ })
        .waitFor();
      await alone.kill();
      await page.getByText('No connection to the gateway: these figures are old.').waitFor();
    } finally {
      await own.close();
    }
  });
});
