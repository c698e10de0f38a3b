/** Double sales, reports and users: pages that read a list of their own. */
import type { Context, Hono } from 'hono';
import { isAllowed, type PageEnv, type PathNeed, type UserRole } from '../base/access.ts';
import { formFields } from '../base/request-body.ts';
import type { DashboardSources } from './facts.ts';
import { DOUBLES_SHOWN, doublesPage } from './pages/doubles.ts';
import type { Page } from './pages/layout.ts';
import { REPORTS_SHOWN, reportsPage } from './pages/reports.ts';
import { usersPage } from './pages/users.ts';
import type { Times } from './words.ts';

const READERS: readonly UserRole[] = ['pharmacist', 'compliance'];
/** What records say is compliance's to take away. */
const CONFIDENTIAL: readonly UserRole[] = ['compliance'];
const END_BYTES = 4 * 1024;

export const REST_NEEDS: readonly PathNeed[] = [
  { path: '/reports/*', need: READERS },
  { path: '/users/end', need: ['it'], bodyBytes: END_BYTES },
];

export interface RestPages {
  readonly sources: Pick<DashboardSources, 'clock' | 'doubleSales' | 'facts' | 'people' | 'reports'>;
  readonly times: Times;
  readonly show: (c: Context<PageEnv>, page: Page, status?: number) => Response | Promise<Response>;
}

export function addRest(app: Hono<PageEnv>, { show, sources, times }: RestPages): void {
  app.get('/doubles', (c) => {
    const { buffer, nowMs } = sources.facts();
    const body = doublesPage(sources.doubleSales(DOUBLES_SHOWN), buffer?.conflictOpen ?? 0, nowMs, times);
    return show(c, { path: '/doubles', title: 'Sold twice?', body });
  });
  app.get('/reports', (c) => {
    const asked = c.req.query('skip') ?? '';
    const skip = /^\d{1,6}$/.test(asked) ? Number(asked) : 0;
    const confidential = isAllowed(c.get('viewer'), CONFIDENTIAL);
    const view = { ...sources.reports.list(skip, REPORTS_SHOWN), skip, confidential };
    return show(c, { path: '/reports', title: 'Reports', body: reportsPage(sources.facts(), view, times) });
  });
  app.get('/reports/:id/:name', async (c) => {
    const { id, name } = c.req.param();
    const viewer = c.get('viewer');
    const confidential = sources.reports.isConfidential(id);
    // A look at what records say is told with a name, so whoever has none is not shown it.
    if (confidential === true && (viewer.user === null || !isAllowed(viewer, CONFIDENTIAL))) {
      return c.json({ status: 403, message: 'This report holds what records say: log in as compliance.' }, 403);
    }
    const file = confidential === null ? null : await sources.reports.file(id, name, viewer.user);
    if (file === null) return c.json({ status: 404, message: 'There is no such file; /reports lists them.' }, 404);
    // Always saved, never shown in this origin: a report's page has styles of its own, which our policy refuses.
    return c.body(new Uint8Array(file.bytes), 200, {
      'Content-Type': TYPES.get(name.split('.').at(-1) ?? '') ?? 'application/octet-stream',
      'Content-Disposition': `attachment; filename="${id}.${name}"`,
    });
  });
  const users = (c: Context<PageEnv>, said: string | null) =>
    show(c, { path: '/users', title: 'Users', body: usersPage(sources.people.list(), c.get('viewer'), said, times) });
  app.get('/users', (c) => users(c, null));
  app.post('/users/end', async (c) => {
    const form = await formFields(c, c.req.header('Content-Type'));
    const ended = sources.people.end(form?.get('session') ?? '');
    return users(c, ended ? 'That session is ended.' : 'There was no such session any more.');
  });
}

const TYPES = new Map([
  ['html', 'text/html; charset=utf-8'],
  ['pdf', 'application/pdf'],
  ['json', 'application/json'],
]);
