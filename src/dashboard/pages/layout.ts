/** The frame around every page: head, name of the store, navigation. Nothing inline, so that a strict CSP holds. */
import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import { isAllowed, type Need, type Viewer } from '../../base/access.ts';
import type { Facts } from '../facts.ts';
import { waitingCount } from '../tally.ts';
import { whole } from '../words.ts';

export type Markup = HtmlEscapedString | Promise<HtmlEscapedString>;

export interface Page {
  /** Path of the page in the navigation. */
  readonly path: string;
  readonly title: string;
  /** Modules of the page beside the one every page has. */
  readonly scripts?: readonly string[];
  readonly body: Markup;
}

/** Who reads what. The list of what waits has no record data, and what it asks for only these can do. */
export const PAGES: readonly { readonly path: string; readonly name: string; readonly need: Need }[] = [
  { path: '/', name: 'Overview', need: 'people' },
  { path: '/charts', name: 'Charts', need: 'people' },
  { path: '/lanes', name: 'Lanes', need: 'people' },
  { path: '/waiting', name: 'For a person', need: ['pharmacist', 'compliance'] },
  { path: '/doubles', name: 'Sold twice?', need: ['pharmacist', 'compliance'] },
  { path: '/reports', name: 'Reports', need: ['pharmacist', 'compliance'] },
  { path: '/trail', name: 'Trail', need: 'people' },
  { path: '/users', name: 'Users', need: ['it'] },
  { path: '/settings', name: 'Settings', need: ['it', 'noc'] },
];

const STATUS_WORDS = { pass: 'All well', warn: 'Needs a look', fail: 'Needs help now' } as const;

/** A whole document. */
export function layout(facts: Facts, viewer: Viewer, { body, path, scripts = [], title }: Page): Markup {
  const { about, buffer } = facts;
  const store = about.storeName ?? `Store ${about.store}`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · ${store} · Counterfoil</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
${scripts.includes('charts.js') ? html`<link rel="stylesheet" href="/assets/uplot.css">` : ''}
<link rel="stylesheet" href="/assets/style.css">
<script type="module" src="/assets/live.js"></script>
${scripts.map((script) => html`<script type="module" src="/assets/${script}"></script>`)}
</head>
<body data-page="${path}" data-session="${viewer.kind === 'session' ? 'yes' : 'no'}">
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<p class="brand"><span class="brand-name">Counterfoil</span><span class="brand-store">${store}</span></p>
<nav aria-label="Pages"><ul>${links(path, viewer, waitingCount(buffer))}</ul></nav>
${person(viewer)}
</header>
<main id="main" tabindex="-1">
${body}
</main>
<footer>
<p>Gateway <b>${about.gatewayId}</b>, version ${about.version}${about.production ? '' : ', development settings'}.
<span id="live-state" class="live-state" role="status"></span></p>
<p>For programs: <a href="/health">health</a>, <a href="/metrics">metrics</a>, <a href="/api/v1/status">status</a>,
<a href="/api/v1/diagnostics">diagnostics</a>, <a href="/api/v1/checkpoint">checkpoint</a></p>
</footer>
</body>
</html>
`;
}

function links(here: string, viewer: Viewer, waiting: number): Markup[] {
  return PAGES.filter(({ need }) => isAllowed(viewer, need)).map(({ name, path }) =>
    link(path, name, here, path === '/waiting' ? waiting : 0),
  );
}

function person({ breakGlass, csrf, kind, printedName }: Viewer): Markup | string {
  if (kind !== 'session') return '';
  return html`<form class="person" method="post" action="/logout"><input type="hidden" name="csrf" value="${csrf}">
<span>${printedName}${breakGlass ? ' (emergency)' : ''}</span> <button type="submit">Log off</button></form>`;
}

function link(to: string, name: string, here: string, count: number): Markup {
  const badge = count === 0 ? '' : html` <span class="badge">${whole(count)}</span>`;
  return to === here
    ? html`<li><a href="${to}" aria-current="page">${name}${badge}</a></li>`
    : html`<li><a href="${to}">${name}${badge}</a></li>`;
}

/** The word for a verdict, with a mark that does not rest on colour alone. */
export function statusMark(status: Facts['status']): Markup {
  const sign = { pass: '✓', warn: '!', fail: '✕' }[status];
  return html`<span class="mark ${status}"><span aria-hidden="true">${sign}</span> ${STATUS_WORDS[status]}</span>`;
}

/** A part of a page that is sent again when it changes; see assets/live.js. */
export function live(id: string, body: Markup): Markup {
  return html`<div data-live="${id}">${body}</div>`;
}
