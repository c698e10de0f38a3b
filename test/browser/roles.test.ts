/**
 * What each role does, as it is done: log in with password and code, by keyboard alone, on a phone and at a desk, in light
 * and dark. A real gateway and a real PMS behind; axe looks at every page on the way, and the browser may complain of nothing.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { fill, press, SCREENS, seriousFindings, startBrowser, tabTo, type Visit, visit } from '../harness/browser.ts';
import { counterfoil } from '../harness/command.ts';
import { Gateway } from '../harness/gateway.ts';
import { publish } from '../harness/mosquitto.ts';
import { aPerson, type Person, waitingOf } from '../harness/people-of.ts';
import { missing } from '../harness/programs.ts';
import { aRecord, wire } from '../harness/records.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { writeRoster } from '../harness/roster.ts';
import { Scene } from '../harness/scene.ts';
import { entriesOf } from '../harness/trail-entries.ts';

const LOOKS = (['phone', 'desktop'] as const).flatMap((screen) =>
  (['light', 'dark'] as const).map((scheme) => ({ screen, scheme, name: `${screen}-${scheme}` })),
);
const MEANING = 'compared with the paper prescription';

describe.skipIf(missing('chromium', 'mosquitto_pub'))('by keyboard, logged in with password and code', () => {
  const scene = new Scene();
  let browser: Browser;
  let gateway: Gateway;
  let here: Visit | null = null;

  beforeAll(async () => {
    browser = await startBrowser();
    scene.onClose(() => browser.close());
    const pms = await PmsProcess.start(scene);
    const roster = writeRoster(scene.folder());
    gateway = await Gateway.start(scene, {
      pmsUrl: pms.url,
      config: {
        gateway: { name: 'Elm Street Pharmacy', time_zone: 'America/New_York' },
        people: { second_factor: 'required' },
        schedule_two: { signature: 'required', roster_file: roster.file },
      },
    });
    await aPerson(gateway, 'owner', 'it');
  });
  afterEach(async () => {
    const { complaints = [] } = here ?? {};
    await here?.close();
    here = null;
    expect(complaints).toEqual([]);
  });
  afterAll(() => scene.close());

  /** Logs in the way people do, from the page they asked for. */
  async function logIn(person: Person, { scheme, screen }: (typeof LOOKS)[number]): Promise<Page> {
    here = await visit(browser, { viewport: SCREENS[screen], colorScheme: scheme, baseURL: gateway.http });
    const { page } = here;
    await page.goto('/');
    await page.waitForURL('**/login');
    await good(page);
    await page.keyboard.type(person.name);
    await fill(page, 'Password', person.password);
    await fill(page, /^Code of the authenticator/, person.authenticator.code());
    await page.keyboard.press('Enter');
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    return page;
  }

  async function sign(page: Page, { authenticator, password }: Person): Promise<void> {
    await fill(page, /^Meaning/, MEANING);
    await fill(page, 'Your password, again', password);
    await fill(page, /^Code of your authenticator/, authenticator.code());
    await page.keyboard.press('Enter');
  }

  /** Nothing serious, and nothing wider than the screen. */
  async function good(page: Page): Promise<void> {
    expect(await seriousFindings(page), page.url()).toEqual([]);
    const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    expect(overflow, `${page.url()} is wider than the screen`).toBeLessThanOrEqual(0);
  }

  const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { level: 1, name }).waitFor();

  test.each(LOOKS)('a pharmacist releases a held record: $screen, $scheme', async (look) => {
    const person = await aPerson(gateway, `pharmacist-${look.name}`, 'pharmacist');
    await publish(gateway, look.name, wire(aRecord({ schedule: 'II', prescription_id: `RX-${look.name}` })));
    const [number] = await waitingOf(gateway, look.name, 'record', ['HELD']);
    const page = await logIn(person, look);
    await good(page);
    expect(await page.getByRole('link', { name: 'Settings' }).count()).toBe(0);
    await press(page, /^Review \d+ items?$/);
    await heading(page, 'For a person');
    await good(page);
    await press(page, `record ${number}`);
    await heading(page, `Record ${number}`);
    expect(await page.getByText(`RX-${look.name}`).count()).toBe(0);
    await press(page, 'Show what it says');
    await page.getByText(`RX-${look.name}`).waitFor();
    await good(page);
    await press(page, 'Release …');
    await heading(page, 'Release 1 item');
    await good(page);
    await sign(page, person);
    await heading(page, 'Released: 1 item');
    await page.getByText(person.printedName).first().waitFor();
    await page.getByText(MEANING).waitFor();
    await good(page);
    expect(await waitingOf(gateway, look.name, 'record', ['HELD'])).toEqual([]);
    expect(entriesOf(gateway.bufferFile, 'access', 'schedule_two')).toContainEqual(
      expect.objectContaining({ by: person.name, number, of: 'record', way: 'review' }),
    );
  });

  test.each(LOOKS)('compliance dismisses a reviewed list, after a wrong password: $screen, $scheme', async (look) => {
    const person = await aPerson(gateway, `list-${look.name}`, 'compliance');
    const lane = `list-${look.name}`;
    for (const text of ['no record', 'none either']) await publish(gateway, lane, text);
    const numbers = await waitingOf(gateway, lane, 'evidence', ['REFUSED']);
    const page = await logIn(person, look);
    await press(page, /^For a person/);
    await heading(page, 'For a person');
    for (const number of numbers) {
      await tabTo(page, `Choose evidence e${number}`, 400);
      await page.keyboard.press('Space');
    }
    await press(page, 'Dismiss the ticked ones …');
    await heading(page, 'Dismiss 2 items');
    await fill(page, /^Meaning/, MEANING);
    await fill(page, 'Your password, again', 'not the right one');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('password or code is wrong').waitFor();
    await good(page);
    expect(await waitingOf(gateway, lane, 'evidence', ['REFUSED'])).toEqual(numbers);
    await sign(page, person);
    await heading(page, 'Dismissed: 2 items');
    expect(await waitingOf(gateway, lane, 'evidence', ['REFUSED'])).toEqual([]);
    // The browser tells that the wrong password was answered with 401; that is all it may complain of.
    expect(here?.complaints.splice(0)).toEqual([expect.stringContaining('401')]);
  });

  test.each(LOOKS)('compliance corrects what a till sent, and reads a report: $screen, $scheme', async (look) => {
    const person = await aPerson(gateway, `correct-${look.name}`, 'compliance');
    const { ndc: _left, ...broken } = aRecord({ prescription_id: `RX-C-${look.name}` }) as unknown as Record<
      string,
      unknown
    >;
    await publish(gateway, `correct-${look.name}`, JSON.stringify(broken));
    const [number] = await waitingOf(gateway, `correct-${look.name}`, 'evidence', ['REFUSED']);
    const page = await logIn(person, look);
    await press(page, /^For a person/);
    await heading(page, 'For a person');
    await press(page, `evidence e${number}`);
    await heading(page, `Evidence e${number}`);
    await press(page, 'Show what it says');
    await page.getByRole('heading', { name: 'What it says' }).waitFor();
    await press(page, 'Correct it with a new record …');
    await fill(page, 'NDC', '0574-4072-05');
    await good(page);
    await press(page, 'Go on to sign …');
    await heading(page, 'Correct 1 item');
    await good(page);
    await sign(page, person);
    await heading(page, 'Corrected: 1 item');
    await page.getByText(/record \d+, on its way to the PMS/).waitFor();
    await press(page, 'Reports');
    await heading(page, 'Reports');
    await good(page);
  });

  test('compliance takes a report home: the page that was made, whole', async () => {
    const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
    const config = ['--config', join(gateway.folder, 'gateway.yaml')];
    const made = await counterfoil(
      'report',
      'run',
      'inspection',
      ...config,
      '--from',
      hour(-1),
      '--to',
      hour(1),
      '--json',
    );
    const { id, folder, title } = JSON.parse(made.output) as { id: string; folder: string; title: string };
    const person = await aPerson(gateway, 'reports', 'compliance');
    const [, , look] = LOOKS;
    if (look === undefined) throw new Error('no look');
    const page = await logIn(person, look);
    await press(page, 'Reports');
    await page.getByText(id).waitFor();
    await good(page);
    for (const name of ['report.html', 'report.pdf']) {
      const download = page.waitForEvent('download');
      await press(page, `${title}: ${name}`);
      const path = await (await download).path();
      expect(readFileSync(path).equals(readFileSync(join(folder, name))), name).toBe(true);
    }
    await press(page, 'Trail');
    await page.getByRole('img', { name: 'Audit trail: the newest checkpoint as a QR code' }).waitFor();
  });

  test.each(LOOKS)('IT logs somebody off, and looks at lanes and settings: $screen, $scheme', async (look) => {
    const person = await aPerson(gateway, `it-${look.name}`, 'it');
    const other = await aPerson(gateway, `other-${look.name}`, 'noc');
    const body = JSON.stringify({ user: other.name, password: other.password, code: other.authenticator.code() });
    const headers = { 'Content-Type': 'application/json', Origin: gateway.http };
    const answer = await fetch(`${gateway.http}/api/v1/session`, { method: 'POST', headers, body });
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const isIn = async () => (await fetch(`${gateway.http}/api/v1/session`, { headers: { Cookie: cookie } })).status;
    expect(await isIn()).toBe(200);
    const page = await logIn(person, look);
    await press(page, 'Users');
    await heading(page, 'Users');
    await good(page);
    await press(page, new RegExp(`^Log off ${other.name},`));
    await page.getByRole('status').getByText('That session is ended.').waitFor();
    expect(await isIn()).toBe(401);
    await press(page, 'Lanes');
    await heading(page, 'Lanes');
    await good(page);
    await press(page, 'Settings');
    await page.getByRole('row').filter({ hasText: 'people.second_factor' }).getByText('required').waitFor();
    await good(page);
  });

  test.each(LOOKS)('the NOC reads charts and lanes, and no records: $screen, $scheme', async (look) => {
    const person = await aPerson(gateway, `noc-${look.name}`, 'noc');
    const page = await logIn(person, look);
    expect(await page.getByRole('link', { name: /For a person|Reports|Users/ }).count()).toBe(0);
    await press(page, 'Charts');
    await page.locator('[data-chart="depth"] canvas').waitFor();
    await press(page, 'Last day');
    await page.waitForURL('**/charts?span=day');
    await press(page, 'Records on the way as a table');
    await page.getByRole('table', { name: /^Records on the way/ }).waitFor();
    await good(page);
    await press(page, 'Lanes');
    await heading(page, 'Lanes');
    const refused = await page.goto('/waiting');
    expect(refused?.status()).toBe(403);
    const [refusal] = here?.complaints.splice(0) ?? [];
    expect(refusal).toContain('403');
  });
});
