import { expect, test } from 'vitest';
import type { Viewer } from '../../src/base/access.ts';
import type { DashboardSources, Facts } from '../../src/dashboard/facts.ts';
import { dashboardRoutes } from '../../src/dashboard/routes.ts';
import { GOOD_BUFFER, GOOD_LINK, NOW_MS } from '../health/facts.ts';
import { dashboardSources, factsOf, shownTo } from './facts.ts';
import { quiet } from './quiet.ts';

const PATHS = ['/', '/charts', '/lanes', '/waiting', '/doubles', '/reports', '/trail', '/users', '/settings'];

function open(spoilt: Partial<Facts> = {}, sources: Partial<DashboardSources> = {}, viewer: Partial<Viewer> = {}) {
  const pages = dashboardRoutes(
    dashboardSources(() => factsOf(spoilt), sources),
    {
      read: (_periodMs, _from, count) =>
        Array.from({ length: count }, (_, index) =>
          quiet({ pending: index, offlineSeconds: index === count - 1 ? 5 : 0 }),
        ),
    },
  );
  const app = shownTo(pages, viewer);
  return async (path: string, headers: Record<string, string> = {}) => await app.request(path, { headers });
}

const textOf = async (ask: ReturnType<typeof open>, path: string) => await (await ask(path)).text();

test.each(PATHS)('%s is a whole page without anything inline, and escapes what it is told', async (path) => {
  const page = await textOf(open(), path);
  expect(page).toMatch(/^<!doctype html>/);
  expect(page).toContain('aria-current="page"');
  expect(page).toContain('Main &lt;Street&gt; Pharmacy');
  expect(page).not.toMatch(/<Street>|\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)/);
  expect(page).not.toMatch(/(src|href)="(https?:)?\/\//);
  expect(page.match(/<h1>/g)).toHaveLength(1);
});

test.each<[string, Partial<Facts>, string]>([
  ['all well', {}, 'Every record is at the PMS.'],
  [
    'a line that is down',
    {
      link: { ...GOOD_LINK, link: 'OFFLINE', sinceMs: NOW_MS - 720_000 },
      buffer: { ...GOOD_BUFFER, counts: { ...GOOD_BUFFER.counts, IV: { PENDING: 31 } } },
    },
    'No line to the PMS for 12 min. Go on selling: 31 records are safe here.',
  ],
  [
    'one on its way',
    { buffer: { ...GOOD_BUFFER, counts: { ...GOOD_BUFFER.counts, V: { PENDING: 1 } } } },
    '1 record is on the way to the PMS.',
  ],
  ['a buffer that is not open', { buffer: null, status: 'fail' }, 'Tills cannot be served. This box needs help now.'],
  ['capture only', { mode: { mode: 'CAPTURE' } }, 'Nothing goes to the PMS until this box is mended.'],
  [
    'something for a person',
    { buffer: { ...GOOD_BUFFER, refusedOpen: 2 } },
    'Everything that can be sent is at the PMS.',
  ],
])('the headline of %s', async (_name, spoilt, says) => {
  expect(await textOf(open(spoilt), '/')).toContain(says);
});

test('what is wrong is said with what to do', async () => {
  const problems = [{ name: 'link:tcp', status: 'warn', output: 'Nobody listens. Check <pms.url>.' }] as const;
  const page = await textOf(open({ status: 'warn', problems }), '/');
  expect(page).toContain('Nobody listens. Check &lt;pms.url&gt;.');
  expect(page).not.toContain('Nothing needs a person.');
});

test('an age over a power-off is a lower bound', async () => {
  const oldestPending = { II: { sequence: 3, receivedAtMs: NOW_MS, ageMs: 60_000, sameBoot: false } };
  const buffer = { ...GOOD_BUFFER, oldestPending, counts: { ...GOOD_BUFFER.counts, II: { PENDING: 1 } } };
  expect(await textOf(open({ buffer }), '/')).toContain('at least 60 s');
});

test('the figures of a chart are those of its table', async () => {
  const ask = open();
  const data = (await (await ask('/charts/data?span=day')).json()) as {
    at: number[];
    down: boolean[];
    charts: { id: string; lines: { label: string; values: number[] }[] }[];
  };
  expect(data.at).toHaveLength(144);
  expect(data.down.filter(Boolean)).toHaveLength(1);
  const standard = data.charts[0]?.lines[0];
  expect([standard?.label, standard?.values.at(-1)]).toEqual(['Standard', 1439]);
  const page = await textOf(ask, '/charts?span=day');
  expect(page).toContain('<td>1,439</td>');
  expect(page.match(/<tr>/g)).toHaveLength(data.charts.length * (144 + 1));
});

test('settings say where they come from', async () => {
  expect(await textOf(open(), '/settings')).toMatch(/gateway\.store[\s\S]*0042[\s\S]*gateway\.yaml/);
});

test('assets are sent once, and again when they have changed', async () => {
  const ask = open();
  for (const name of ['style.css', 'icon.svg', 'live.js', 'review.js', 'charts.js', 'uplot.js', 'uplot.css']) {
    const first = await ask(`/assets/${name}`);
    expect(first.status).toBe(200);
    expect((await first.text()).length).toBeGreaterThan(100);
    const again = await ask(`/assets/${name}`, { 'If-None-Match': first.headers.get('etag') ?? '' });
    expect([again.status, await again.text()]).toEqual([304, '']);
  }
  expect((await ask('/assets/..%2f..%2fpackage.json')).status).toBe(404);
});

test('a person who is logged in sees their name, what their roles reach, and the way out', async () => {
  const viewer = { kind: 'session', printedName: 'Ada <Pharmacist>', roles: ['pharmacist'], csrf: 'c5rf' } as const;
  const page = await textOf(open({}, {}, viewer), '/');
  expect(page).toContain('Ada &lt;Pharmacist&gt;');
  expect(page).toContain('<input type="hidden" name="csrf" value="c5rf">');
  expect(page).toContain('href="/waiting"');
  expect(page).not.toContain('href="/settings"');
  expect(await textOf(open(), '/')).not.toContain('Log off');
});
