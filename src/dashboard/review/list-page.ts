/** What only a person can end: the list has no record data; what is in a record is shown where looking leaves a trace. */
import { html } from 'hono/html';
import type { Viewer } from '../../base/access.ts';
import type { WaitingItem } from '../../buffer/api.ts';
import type { Markup } from '../pages/layout.ts';
import { many, span, type Times, whole } from '../words.ts';
import type { WaitingGroup } from './groups.ts';
import { nameOf, pathOf } from './items.ts';
import type { ReviewDesk } from './ports.ts';
import { label, STATE_WORDS, STEP_WORDS, stepsFor, whyNoSignature } from './words.ts';

export interface Desk {
  readonly viewer: Viewer;
  readonly stepsOf: ReviewDesk['stepsOf'];
  readonly nowMs: number;
  readonly times: Times;
}

export function waitingPage(groups: readonly WaitingGroup[], desk: Desk): Markup {
  const open = groups.filter(({ total }) => total > 0);
  const why = whyNoSignature(desk.viewer);
  return html`<h1>For a person</h1>
${
  open.length === 0
    ? html`<p>Nothing waits for a person. <a href="/waiting">All states</a></p>`
    : html`<p class="note">Each of these ends only by a signed act. Open one to see what it says, or tick several that you have looked at and sign for them together.${why === null ? '' : ` ${why}`}</p>`
}
${open.map((group) => groupOf(group, desk))}`;
}

function groupOf({ after, items, state, total }: WaitingGroup, desk: Desk): Markup {
  const [title, what] = STATE_WORDS[state];
  // A corrected record stands for one item: from its own page.
  const steps = stepsFor(desk.viewer, state, desk.stepsOf).filter((step) => step !== 'resolve');
  const last = items.at(-1)?.number ?? after;
  return html`<section class="waiting" id="${state.toLowerCase()}"><h2>${title} <span class="badge">${whole(total)}</span></h2>
<p>${what}</p>
<form method="get" action="/waiting/sign">
${itemTable(title, items, desk, steps.length > 0)}
${
  steps.length === 0
    ? ''
    : html`<p class="acts">${steps.map((step) => html`<button class="button" type="submit" name="step" value="${step}">${STEP_WORDS[step].verb} the ticked ones …</button> `)}
<button class="quiet" type="button" data-tick hidden>Tick all</button></p>`
}</form>
${total > items.length ? html`<p class="note">${many(items.length, 'is', 'are')} shown of ${whole(total)}. <a href="/waiting?state=${state}&after=${last}">The next ones</a>${after > 0 ? html`, <a href="/waiting?state=${state}">the first ones</a>` : ''}.</p>` : ''}
</section>`;
}

/** `ticks`: with boxes to choose by. Also the list of what an act is about. */
export function itemTable(title: string, items: readonly WaitingItem[], desk: Desk, ticks: boolean): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${title}, table"><table class="wide">
<thead><tr>${ticks ? html`<th scope="col"><span class="unseen">Chosen</span></th>` : ''}<th scope="col">Item</th><th scope="col">Lane</th><th scope="col">Schedule</th>
<th scope="col">Received</th><th scope="col">Why</th><th scope="col">Hash</th></tr></thead>
<tbody>${items.map((item) => rowOf(item, desk, ticks))}</tbody></table></div>`;
}

function rowOf(item: WaitingItem, { nowMs, times }: Desk, ticks: boolean): Markup {
  const { flags, hash, lane, reasons, receivedAtMs, schedule } = item;
  const box = html`<td><input type="checkbox" name="item" value="${nameOf(item)}" aria-label="Choose ${label(item)}"></td>`;
  return html`<tr>${ticks ? box : ''}<th scope="row"><a href="${pathOf(item)}">${label(item)}</a></th><td>${lane}</td>
<td>${schedule ?? '–'}</td><td>${times.short(receivedAtMs)} <span class="note">(${span(nowMs - receivedAtMs)} ago)</span></td>
<td>${[...reasons, ...flags].join(', ') || '–'}</td><td><code>${hash.toString('hex').slice(0, 12)}…</code></td></tr>`;
}
