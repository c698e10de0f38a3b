/** One item that waits: what is known of it, what it says for those who may see that, and what can be done. */
import { html } from 'hono/html';
import type { WaitingDetail, WaitingItem } from '../../buffer/api.ts';
import type { JsonObject } from '../../record/strict-json.ts';
import type { Markup } from '../pages/layout.ts';
import { span } from '../words.ts';
import { fieldsOf, membersOf } from './correction.ts';
import { nameOf, pathOf, subjectText } from './items.ts';
import type { Desk } from './list-page.ts';
import type { HolderContent } from './ports.ts';
import { correctionFields, hiddenFields } from './sign-page.ts';
import { label, mayRead, STATE_WORDS, STEP_WORDS, stepsFor, whyNoSignature } from './words.ts';

/** Longest text shown of what is no record, in characters. */
const MOST_TEXT = 64 * 1024;

/** What was read after the look was told; null before it. */
export interface Look {
  readonly detail: WaitingDetail;
  /** Of a conflict: the record that holds the key. */
  readonly holder: HolderContent | null;
  readonly newKey: string;
}

export function itemPage(item: WaitingItem, look: Look | null, desk: Desk): Markup {
  const [title, what] = STATE_WORDS[item.state];
  const { csrf } = desk.viewer;
  const why = whyNoSignature(desk.viewer);
  return html`<nav class="back" aria-label="Back"><a href="/waiting#${item.state.toLowerCase()}">What waits for a person</a></nav>
<h1>${capital(label(item))}</h1>
<p><b>${title}.</b> ${what}</p>
${facts(item, desk)}
${why === null ? '' : html`<p class="note">${why}</p>`}
${look === null ? ask(item, desk, csrf) : contentOf(look)}
${acts(item, look, desk)}`;
}

function facts({ flags, hash, lane, reasons, receivedAtMs, schedule }: WaitingItem, { nowMs, times }: Desk): Markup {
  return html`<section class="tile"><h2 class="unseen">What is known of it</h2><dl>
<div><dt>Lane</dt><dd>${lane}</dd></div>
<div><dt>Schedule</dt><dd>${schedule ?? '–'}</dd></div>
<div><dt>Received</dt><dd>${times.long(receivedAtMs)}, ${span(nowMs - receivedAtMs)} ago</dd></div>
<div><dt>Why</dt><dd>${[...reasons, ...flags].join(', ') || '–'}</dd></div>
<div><dt>Hash</dt><dd><code class="long">${hash.toString('hex')}</code></dd></div></dl></section>`;
}

function ask(item: WaitingItem, { viewer }: Desk, csrf: string): Markup | string {
  if (!mayRead(viewer, item.state)) {
    return viewer.kind === 'session'
      ? html`<p class="note">What it says is shown to compliance${item.state === 'HELD' ? ' and pharmacists' : ''}.</p>`
      : '';
  }
  return html`<form method="post" action="${pathOf(item)}"><input type="hidden" name="csrf" value="${csrf}">
<p class="acts"><button class="button" type="submit">Show what it says</button>
<span class="note">That you have looked is told in the trail.</span></p></form>`;
}

function contentOf({ detail, holder }: Look): Markup {
  if (detail.bytes === null) {
    return html`<section class="tile"><h2>What it says</h2><p>Its bytes can no longer be read. The till may still have it.</p></section>`;
  }
  const members = membersOf(detail.bytes);
  const other = holder === null ? null : membersOf(holder.bytes);
  return html`<section class="tile"><h2>What it says</h2><p class="note">This look is in the trail.</p>
${members === null ? text(detail.bytes) : memberTable(members, holder, other)}
${
  holder !== null && other === null
    ? html`<p>Record ${holder.sequence}, which holds the key, is in the archive or cannot be read: <code>counterfoil records search</code>.</p>`
    : ''
}</section>`;
}

function text(bytes: Buffer): Markup {
  const shown = bytes.toString('utf8').slice(0, MOST_TEXT);
  return html`<p>It is no JSON object: ${bytes.length} bytes.</p><pre class="content" tabindex="0" aria-label="As it was published">${shown}</pre>`;
}

/** Both contents of a conflict side by side, and where they differ. */
function memberTable(members: JsonObject, holder: HolderContent | null, other: JsonObject | null): Markup {
  const names = [...new Set([...Object.keys(members), ...Object.keys(other ?? {})])];
  const mine = new Map(Object.entries(members));
  const theirs = new Map(Object.entries(other ?? {}));
  const isBoth = holder !== null && other !== null;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="What it says, table"><table class="members">
<thead><tr><th scope="col">Member</th><th scope="col">${isBoth ? 'What came' : 'Value'}</th>${isBoth ? html`<th scope="col">Record ${holder.sequence}, which holds the key</th>` : ''}</tr></thead>
<tbody>${names.map((name) => {
    const [one, two] = [shown(mine.get(name)), shown(theirs.get(name))];
    const differs = isBoth && one !== two;
    return html`<tr class="${differs ? 'differs' : ''}"><th scope="row"><code>${name}</code>${differs ? html` <span class="badge">differs</span>` : ''}</th><td>${one}</td>${isBoth ? html`<td>${two}</td>` : ''}</tr>`;
  })}</tbody></table></div>`;
}

function shown(value: unknown): string {
  if (value === undefined) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function acts(item: WaitingItem, look: Look | null, desk: Desk): Markup | string {
  const steps = stepsFor(desk.viewer, item.state, desk.stepsOf);
  if (steps.length === 0) {
    return desk.viewer.kind === 'session' && !desk.viewer.breakGlass
      ? html`<p class="note">This is ended by somebody with the role compliance.</p>`
      : '';
  }
  const simple = steps.filter((step) => step !== 'resolve');
  return html`<section class="waiting"><h2>End it</h2>
<form method="get" action="/waiting/sign"><input type="hidden" name="item" value="${nameOf(item)}">
<p class="acts">${simple.map((step) => html`<button class="button" type="submit" name="step" value="${step}">${STEP_WORDS[step].verb} …</button> `)}</p></form>
${steps.includes('resolve') ? correct(item, look, desk) : ''}</section>`;
}

/** The form is filled from the content, so it comes with the look. */
function correct(item: WaitingItem, look: Look | null, { viewer }: Desk): Markup {
  if (look === null) return html`<p class="note">To correct it with a new record, first look at what it says.</p>`;
  const fields = fieldsOf(membersOf(look.detail.bytes), item.of === 'record', look.newKey);
  return html`<details class="tile"><summary>Correct it with a new record …</summary>
<p>${STEP_WORDS.resolve.means} Change what is wrong; nothing is signed yet.</p>
<form method="post" action="/waiting/sign" class="fields">
${hiddenFields(viewer.csrf, 'resolve', null, [subjectText(item)])}
${correctionFields(fields)}
<p class="acts"><button class="button" type="submit" name="go" value="look">Go on to sign …</button></p></form></details>`;
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
