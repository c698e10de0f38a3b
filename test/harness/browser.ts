/** Debian's Chromium as a person's browser; what it complains about fails the test. */
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { LIMIT_MS } from './program.ts';
import { CHROMIUM } from './programs.ts';

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const SCREENS = {
  phone: { width: 390, height: 844 },
  desktop: { width: 1280, height: 860 },
  wall: { width: 2560, height: 1440 },
} as const;

export async function startBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
}

export interface Visit {
  readonly page: Page;
  /** Errors and warnings of the page so far: scripts, refused loads, violations of the content security policy. */
  readonly complaints: string[];
  readonly close: () => Promise<void>;
}

/** A person with a screen of their own. */
export async function visit(browser: Browser, options: BrowserContextOptions): Promise<Visit> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(LIMIT_MS);
  const complaints: string[] = [];
  page.on('console', (message) => {
    // Chromium asks for an icon of its own beside an answer that is no page.
    if (new URL(message.location().url, 'http://none').pathname === '/favicon.ico') return;
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { page, complaints, close: () => context.close() };
}

/** What axe finds serious or critical on the page as it is now, one line each. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const scope = globalThis as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } };
    return (await scope.axe.run()).violations;
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
}

interface Finding {
  readonly id: string;
  readonly impact?: string | null;
  readonly help: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** Every name by which a person may know what has the focus: its label, what is announced, its text. */
const NAMES = `(() => {
  const { activeElement: at } = document;
  const texts = [at?.getAttribute('aria-label'), ...[...(at?.labels ?? [])].map((label) => label.textContent), at?.textContent];
  return texts.filter((text) => text).map((text) => text.trim());
})()`;

/** Presses Tab until what has the focus is called `name`; fails when the focus has gone round without it. */
export async function tabTo(page: Page, name: string | RegExp, presses = 80): Promise<void> {
  const isName = (text: string) => (typeof name === 'string' ? text === name : name.test(text));
  for (let press = 0; press < presses; press += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate<string[]>(NAMES)).some(isName)) return;
  }
  throw new Error(`no Tab leads to ${String(name)}`);
}

/** Goes to a field by keyboard and writes over what is there. */
export async function fill(page: Page, name: string | RegExp, text: string): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press('Control+A');
  await page.keyboard.type(text);
}

/** Goes to a link or button by keyboard and presses Enter. */
export async function press(page: Page, name: string | RegExp): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press('Enter');
}
