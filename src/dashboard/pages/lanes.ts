/** The lanes: who is connected, who was seen when, what came from each. */
import { html } from 'hono/html';
import type { Facts } from '../facts.ts';
import { span, type Times, whole } from '../words.ts';
import { live, type Markup } from './layout.ts';

export function lanesPage(facts: Facts, times: Times): Markup {
  return html`<h1>Lanes</h1>
<p class="note">Since the gateway started. A lane is lit while its till is connected.</p>
${live('lane_table', laneTable(facts, times))}`;
}

/** The table, also sent again when it changes. */
export function laneTable({ intake, nowMs }: Facts, times: Times): Markup {
  if (intake.lanes.length === 0) return html`<p>No till has connected yet.</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Lanes, table"><table class="wide">
<thead><tr><th scope="col">Lane</th><th scope="col">Now</th><th scope="col">Last seen</th><th scope="col">Connections</th>
<th scope="col">Published</th><th scope="col">Refused</th></tr></thead>
<tbody>${intake.lanes.map(
    ({ connections, lane, lastSeenAtMs, publishes, refused }) => html`<tr><th scope="row">${lane}</th>
<td>${connections > 0 ? html`<span class="lamp lit">lit</span>` : html`<span class="lamp dark">dark</span>`}</td>
<td>${times.short(lastSeenAtMs)} <span class="note">(${span(nowMs - lastSeenAtMs)} ago)</span></td>
<td>${whole(connections)}</td><td>${whole(publishes)}</td><td>${whole(refused)}</td></tr>`,
  )}</tbody></table></div>`;
}
