/** `/`: what there is, for a person with a browser. Nothing is loaded from anywhere. */
import { html } from 'hono/html';
import type { Findings } from './checks/all.ts';
import type { Snapshot } from './snapshot.ts';

const LINKS: readonly (readonly [path: string, what: string])[] = [
  ['/health', 'health, with what to do about it'],
  ['/readyz', 'whether a lane can be acknowledged'],
  ['/livez', 'whether the process answers'],
  ['/metrics', 'metrics for Prometheus'],
  ['/api/v1/status', 'status as JSON'],
  ['/api/v1/diagnostics', 'queue depth and oldest pending record by schedule'],
  ['/api/v1/checkpoint', 'newest signed checkpoints of the trails, for witnesses'],
];

export function indexPage({ about, mode, link }: Snapshot, { checks, status }: Findings) {
  const bad = checks.filter((check) => check.status !== 'pass');
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Counterfoil ${about.gatewayId}: ${status}</title>
</head>
<body>
<h1>Counterfoil gateway ${about.gatewayId}</h1>
<p>Store ${about.store}${about.storeName === null ? '' : `, ${about.storeName}`}. Version ${about.version}.</p>
<p>Health: <strong>${status}</strong>. Mode: ${mode.mode}. Link: ${link?.link ?? 'not watched'}.</p>
${bad.length === 0 ? '' : html`<ul>${bad.map((check) => html`<li>${check.status}: ${check.name}: ${check.output ?? ''}</li>`)}</ul>`}
<h2>More</h2>
<ul>${LINKS.map(([path, what]) => html`<li><a href="${path}">${path}</a>: ${what}</li>`)}</ul>
</body>
</html>
`;
}
