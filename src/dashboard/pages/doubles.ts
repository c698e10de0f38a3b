/** Sales that may have been sold twice: kept and sent like any other, because the sale has happened, and looked at by a person. */
import { html } from 'hono/html';
import type { DoubleSale } from '../../buffer/api.ts';
import { many, span, type Times } from '../words.ts';
import type { Markup } from './layout.ts';
import { table } from './table.ts';

/** Most pairs on the page. */
export const DOUBLES_SHOWN = 200;

const HEADS = ['Record', 'Earlier sale', 'Lane', 'Schedule', 'Received', 'At the PMS', 'Undone'];

export function doublesPage(doubles: readonly DoubleSale[], conflicts: number, nowMs: number, times: Times): Markup {
  const open = doubles.filter(({ undoneBy }) => undoneBy === null);
  const undone = doubles.filter(({ undoneBy }) => undoneBy !== null);
  return html`<h1>Sold twice?</h1>
<p class="note">A sale is doubted when its prescription, fill and partial fill had been sold before and neither a VOID nor a RETURN has come in between. It is kept and sent all the same.</p>
<section class="waiting"><h2>Both stand <span class="badge">${open.length}</span></h2>
${
  open.length === 0
    ? html`<p>No fill is sold twice.</p>`
    : html`<p>Ask at the lane. If it was one sale, send a VOID for one of the two from the till; if both are right, nothing is to be done here.</p>
${table(
  'Sold twice and not undone',
  HEADS.slice(0, -1),
  open.map((sale) => row(sale, nowMs, times)),
)}`
}</section>
${
  undone.length === 0
    ? ''
    : html`<section class="waiting"><h2>Undone since</h2>${table(
        'Sold twice and undone since',
        HEADS,
        undone.map((sale) => row(sale, nowMs, times)),
      )}</section>`
}
<section class="waiting"><h2>One key, two contents <span class="badge">${conflicts}</span></h2>
<p>${conflicts === 0 ? 'No lane has used a key twice.' : html`${many(conflicts, 'publish', 'publishes')} came with the key of another record. <a href="/waiting?state=CONFLICT">Look at them and decide</a>.`}</p></section>
<p class="note">Of the newest 20,000 records in the buffer. Older ones: <code>counterfoil records search</code>, and the daily report.</p>`;
}

function row(
  { earlier, lane, receivedAtMs, schedule, sequence, state, undoneBy }: DoubleSale,
  nowMs: number,
  times: Times,
) {
  const undone = undoneBy === null ? '' : html`<td>by record ${undoneBy}</td>`;
  return html`<tr><th scope="row">${sequence}</th><td>${earlier > 0 ? earlier : 'before this epoch'}</td><td>${lane}</td><td>${schedule}</td>
<td>${times.short(receivedAtMs)} <span class="note">(${span(nowMs - receivedAtMs)} ago)</span></td><td>${state === 'SYNCED' ? 'yes' : state}</td>${undone}</tr>`;
}
