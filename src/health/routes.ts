/** The HTTP face of health: reads only, no record data, nothing that waits. */
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { checkpointAnswer } from './checkpoint.ts';
import { findingsOf } from './checks/all.ts';
import { diagnostics } from './diagnostics.ts';
import { healthAnswer, httpStatusOf } from './health-answer.ts';
import { indexPage } from './index-page.ts';
import { METRICS_CONTENT_TYPE, metricsText } from './metrics.ts';
import { readinessOf, takeSnapshot } from './snapshot.ts';
import type { HealthSources } from './sources.ts';
import { gatewayStatus } from './status.ts';

/** The application; `sources` are asked anew for every request. */
export function healthRoutes(sources: HealthSources, log: Log): Hono {
  const app = new Hono();
  const look = () => {
    const snapshot = takeSnapshot(sources);
    return { snapshot, findings: findingsOf(snapshot) };
  };
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
      referrerPolicy: 'no-referrer',
      // The gateway's name has no certificate that browsers know; whether to insist on TLS is the store's decision.
      strictTransportSecurity: false,
      xFrameOptions: 'DENY',
    }),
  );
  app.use(async (c, next) => {
    c.header('Cache-Control', 'no-store');
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
      return c.json(problem(405, 'Only GET and HEAD are possible here.'), 405, { Allow: 'GET, HEAD' });
    }
    // A read has no body. It is refused unread, so that nobody can make this process hold one.
    if (c.req.header('Transfer-Encoding') !== undefined || Number(c.req.header('Content-Length') ?? 0) > 0) {
      return c.json(problem(413, 'A request here has no body.'), 413, { Connection: 'close' });
    }
    return next();
  });
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
  app.notFound((c) => c.json(problem(404, 'There is no such page; / lists what there is.'), 404));
  app.onError((error, c) => {
    log.error('a health request failed', { error: messageOf(error) });
    return c.json(problem(500, 'The gateway could not answer; its log says why.'), 500);
  });
  return app;
}

function problem(status: number, message: string) {
  return { status, message };
}
