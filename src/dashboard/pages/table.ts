/** A table that scrolls by itself on a narrow screen, and can be reached by keyboard. */
import { html } from 'hono/html';
import type { Markup } from './layout.ts';

export function table(title: string, heads: readonly string[], rows: readonly Markup[], look = 'wide'): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${title}, table"><table class="${look}">
<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div>`;
}
