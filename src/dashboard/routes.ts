/**
 * The pages of the dashboard. The listener decides who may ask before a request gets here; what changes something are the
 * signed acts of review and the end of a session.
 */
import { type Context, Hono } from 'hono';
import type { PageEnv, PathNeed } from '../base/access.ts';
import { readAssets } from './assets.ts';
import { Events } from './events.ts';
import type { DashboardSources, Facts } from './facts.ts';
import type { History } from './history/history.ts';
import { SPANS, type Span, type Step, seriesOf } from './history/series.ts';
import { CHARTS, chartsPage, pointOf } from './pages/charts.ts';
import { lanesPage, laneTable } from './pages/lanes.ts';
import { layout, type Markup, PAGES, type Page } from './pages/layout.ts';
import { OVERVIEW_PARTS, overviewPage } from './pages/overview.ts';
import { settingsPage } from './pages/settings.ts';
import { trailPage } from './pages/trail.ts';
import { addRest, REST_NEEDS } from './rest-routes.ts';
import { addReview, REVIEW_NEEDS } from './review/routes.ts';
import { Times } from './words.ts';

/** Who may ask for what. Figures and pictures have no secret in them; events are figures. */
export const DASHBOARD_NEEDS: readonly PathNeed[] = [
  ...PAGES.map(({ need, path }) => ({ need, path })),
  ...REVIEW_NEEDS,
  ...REST_NEEDS,
  { path: '/charts/data', need: 'people' },
  { path: '/events', need: 'monitor' },
  { path: '/assets/*', need: 'anyone' },
];

/** The application, to be mounted at `/`. */
export function dashboardRoutes(sources: DashboardSources, history: Pick<History, 'read'>): Hono<PageEnv> {
  const app = new Hono<PageEnv>();
  const times = new Times(sources.timeZone);
  const assets = readAssets();
  const events = new Events({
    clock: sources.clock,
    facts: sources.facts,
    partsOf: (page, facts) => livePartsOf(page, facts, times),
  });
  const show = (c: Context<PageEnv>, page: Page, status = 200) =>
    c.html(layout(sources.facts(), c.get('viewer'), page), status as 200);
  const page = (path: string, of: (facts: Facts, span: Span) => Omit<Page, 'path'>) => {
    app.get(path, (c) => show(c, { path, ...of(sources.facts(), spanOf(c.req.query('span'))) }));
  };
  page('/', (facts) => ({ title: 'Overview', body: overviewPage(facts) }));
  page('/charts', ({ nowMs }, span) => ({
    title: 'Charts',
    scripts: ['charts.js'],
    body: chartsPage(seriesOf(history, span, nowMs), span, times),
  }));
  page('/lanes', (facts) => ({ title: 'Lanes', body: lanesPage(facts, times) }));
  addReview(app, { desk: sources.review, facts: sources.facts, times, show });
  addRest(app, { sources, times, show });
  page('/trail', (facts) => ({ title: 'Trail', body: trailPage(facts, times) }));
  page('/settings', () => ({ title: 'Settings', body: settingsPage(sources.settings) }));
  app.get('/charts/data', (c) => {
    const steps = seriesOf(history, spanOf(c.req.query('span')), sources.clock.utcMs());
    return c.json(chartData(steps, sources.timeZone));
  });
  app.get('/events', (c) => events.answer(c));
  app.get('/assets/:name', (c) => {
    const asset = assets.get(c.req.param('name'));
    if (asset === undefined) return c.notFound();
    // Asked again each time and seldom sent again: an update of the gateway shows at once.
    const headers = { 'Cache-Control': 'no-cache', ETag: asset.etag, 'Content-Type': asset.type };
    return c.req.header('If-None-Match') === asset.etag ? c.body(null, 304, headers) : c.body(asset.body, 200, headers);
  });
  return app;
}

function livePartsOf(page: string, facts: Facts, times: Times): Readonly<Record<string, Markup>> | null {
  if (page === '/lanes') return { lane_table: laneTable(facts, times) };
  if (page !== '/') return null;
  return Object.fromEntries(Object.entries(OVERVIEW_PARTS).map(([name, part]) => [name, part(facts)]));
}

function spanOf(asked: string | undefined): Span {
  return SPANS.find((span) => span === asked) ?? 'hour';
}

/** The figures of every chart, in columns; times in seconds as uPlot wants them. */
function chartData(steps: readonly Step[], timeZone: string) {
  return {
    timeZone,
    at: steps.map(({ atMs }) => atMs / 1000),
    down: steps.map(({ figures }) => (figures?.offlineSeconds ?? 0) > 0),
    charts: CHARTS.map(({ id, lines }) => ({
      id,
      lines: lines.map((line) => ({ label: line.label, values: steps.map(({ figures }) => pointOf(line, figures)) })),
    })),
  };
}
