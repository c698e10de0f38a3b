/** The HTTP face of health: reads only, no record data, nothing that waits. */
import { Hono } from 'hono';
import type { PageEnv, PathNeed } from '../base/access.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { checkpointAnswer } from './checkpoint.ts';
import { findingsOf } from './checks/all.ts';
import { diagnostics } from './diagnostics.ts';
import { healthAnswer, httpStatusOf } from './health-answer.ts';
import { type GuardParts, guard } from './http/guard.ts';
import { securityHeaders } from './http/headers.ts';
import { indexPage } from './index-page.ts';
import { METRICS_CONTENT_TYPE, metricsText } from './metrics.ts';
import { readinessOf, takeSnapshot } from './snapshot.ts';
import type { HealthSources } from './sources.ts';
import { gatewayStatus } from './status.ts';

export interface WebParts extends Omit<GuardParts, 'needs'> {
  readonly parts: readonly { readonly app: Hono<PageEnv>; readonly needs: readonly PathNeed[] }[];
}

/** Who may ask for what this file serves. A part that serves `/` itself takes the place of the list of pages here. */
export const HEALTH_NEEDS: readonly PathNeed[] = [
  { path: '/livez', need: 'anyone' },
  { path: '/readyz', need: 'anyone' },
  { path: '/health', need: 'monitor' },
  { path: '/metrics', need: 'monitor' },
  { path: '/api/v1/status', need: 'monitor' },
  { path: '/api/v1/diagnostics', need: 'monitor' },
  { path: '/api/v1/checkpoint', need: 'monitor' },
  { path: '/', need: 'people' },
];

/** Health, and the pages of other parts, behind the guard; `sources` are asked anew for every request. */
export function webApplication(sources: HealthSources, log: Log, { parts, ...web }: WebParts): Hono<PageEnv> {
  const app = new Hono<PageEnv>();
  app.use(securityHeaders());
  app.use(async (c, next) => {
    c.header('Cache-Control', 'no-store');
    return next();
  });
  app.use(guard({ ...web, needs: [...parts.flatMap(({ needs }) => needs), ...HEALTH_NEEDS] }));
  for (const part of parts) app.route('/', part.app);
  healthRoutes(app, sources);
  app.notFound((c) => c.json(problem(404, 'There is no such page; / lists what there is.'), 404));
  app.onError((error, c) => {
    log.error('a health request failed', { error: messageOf(error) });
    return c.json(problem(500, 'The gateway could not answer; its log says why.'), 500);
  });
  return app;
}

function healthRoutes(app: Hono<PageEnv>, sources: HealthSources): void {
  const look = () => {
    const snapshot = takeSnapshot(sources);
    return { snapshot, findings: findingsOf(snapshot) };
  };
  app.get('/livez', (c) => c.json({ live: true }));
  app.get('/readyz', (c) => {
    const answer = readinessOf(takeSnapshot(sources));
    return c.json(answer, answer.ready ? 200 : 503);
  });
  app.get('/health', (c) => {
    const { findings, snapshot } = look();
    const body = JSON.stringify(healthAnswer(snapshot, findings));
    return c.body(body, httpStatusOf(findings.status), { 'Content-Type': 'application/health+json' });
  });
  app.get('/metrics', async (c) => {
    const { findings, snapshot } = look();
    return c.body(await metricsText(snapshot, findings), 200, { 'Content-Type': METRICS_CONTENT_TYPE });
  });
  app.get('/api/v1/status', (c) => {
    const { findings, snapshot } = look();
    return c.json(gatewayStatus(snapshot, findings));
  });
  app.get('/api/v1/diagnostics', (c) => c.json(diagnostics(takeSnapshot(sources))));
  app.get('/api/v1/checkpoint', (c) => c.json(checkpointAnswer(takeSnapshot(sources))));
  app.get('/', (c) => {
    const { findings, snapshot } = look();
    return c.html(indexPage(snapshot, findings));
  });
}

function problem(status: number, message: string) {
  return { status, message };
}
