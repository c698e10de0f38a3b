/** The frame around every page: head, name of the store, navigation. Nothing inline, so that a strict CSP holds. */
import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
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

const PAGES: readonly (readonly [path: string, name: string])[] = [
  ['/', 'Overview'],
  ['/charts', 'Charts'],
  ['/lanes', 'Lanes'],
  ['/waiting', 'For a person'],
  ['/trail', 'Trail'],
  ['/settings', 'Settings'],
];

const STATUS_WORDS = { pass: 'All well', warn: 'Needs a look', fail: 'Needs help now' } as const;

/** A whole document. */
export function layout(facts: Facts, { body, path, scripts = [], title }: Page): Markup {
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
<body data-page="${path}">
<a class="skip" href="#main">Skip to the content</a>
<header class="top">
<p class="brand"><span class="brand-name">Counterfoil</span><span class="brand-store">${store}</span></p>
<nav aria-label="Pages"><ul>${PAGES.map(([to, name]) => link(to, name, path, to === '/waiting' ? waitingCount(buffer) : 0))}</ul></nav>
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
