/** What only a person can end. The list has no record data: what is in a record is shown where looking leaves a trace. */
import { html } from 'hono/html';
import type { WaitingItem, WaitingState } from '../../buffer/api.ts';
import { many, span, type Times, whole } from '../words.ts';
import type { Markup } from './layout.ts';

/** Most items of one state on the page; more are counted. */
export const WAITING_SHOWN = 100;

const WAITING_WORDS: Readonly<Record<WaitingState, readonly [title: string, what: string]>> = {
  HELD: ['Held: Schedule II without a good signature', 'A pharmacist signs a release, or a reviewer ends it.'],
  REJECTED: ['Rejected by the PMS', 'Correct it with a new record, or dismiss it.'],
  SET_ASIDE: ['Could not be delivered', 'Ask the operator of the PMS why, then correct or dismiss.'],
  QUARANTINED: [
    'Damaged on this disk',
    'Suspect the disk. Keep the box and delete nothing; the till may still have the record.',
  ],
  REFUSED: ['Not a record', 'A till sent something that is no record. It is kept; mend the till.'],
  CONFLICT: [
    'One key, two contents',
    'Two different records came with the same key. Both are kept; decide which one is right.',
  ],
};

export interface WaitingGroup {
  readonly state: WaitingState;
  /** At most `WAITING_SHOWN`. */
  readonly items: readonly WaitingItem[];
  readonly total: number;
}

export function waitingPage(groups: readonly WaitingGroup[], nowMs: number, times: Times): Markup {
  const open = groups.filter(({ total }) => total > 0);
  return html`<h1>For a person</h1>
${
  open.length === 0
    ? html`<p>Nothing waits for a person.</p>`
    : html`<p class="note">Each of these ends only by a signed act. On the box: <code>counterfoil review show NUMBER</code>,
then <code>review release</code>, <code>resolve</code> or <code>dismiss</code>.</p>`
}
${open.map((group) => groupOf(group, nowMs, times))}`;
}

function groupOf({ items, state, total }: WaitingGroup, nowMs: number, times: Times): Markup {
  const [title, what] = WAITING_WORDS[state];
  return html`<section class="waiting" id="${state.toLowerCase()}"><h2>${title} <span class="badge">${whole(total)}</span></h2>
<p>${what}</p>
<div class="scroll" tabindex="0" role="region" aria-label="${title}, table"><table class="wide">
<thead><tr><th scope="col">Number</th><th scope="col">Lane</th><th scope="col">Schedule</th><th scope="col">Received</th>
<th scope="col">Why</th><th scope="col">Hash</th></tr></thead>
<tbody>${items.map(
    ({
      flags,
      hash,
      lane,
      number,
      reasons,
      receivedAtMs,
      schedule,
    }) => html`<tr><th scope="row">${number}</th><td>${lane}</td>
<td>${schedule ?? '–'}</td><td>${times.short(receivedAtMs)} <span class="note">(${span(nowMs - receivedAtMs)} ago)</span></td>
<td>${[...reasons, ...flags].join(', ') || '–'}</td><td><code>${hash.toString('hex').slice(0, 12)}…</code></td></tr>`,
  )}</tbody></table></div>
${total > items.length ? html`<p class="note">And ${many(total - items.length, 'more', 'more')}: <code>counterfoil review list --state ${state}</code></p>` : ''}
</section>`;
}
