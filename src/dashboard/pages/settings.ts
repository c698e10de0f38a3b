/** The settings in force and where each comes from. Read-only: they are changed in the file, where they can be reviewed. */
import { html } from 'hono/html';
import type { Setting } from '../facts.ts';
import type { Markup } from './layout.ts';

export function settingsPage(settings: readonly Setting[]): Markup {
  const set = settings.filter(({ origin }) => origin !== 'default').length;
  return html`<h1>Settings</h1>
<p class="note">What is in force since the start: ${set} set, the rest defaults. Change them in the configuration file; <code>counterfoil config validate</code> checks it.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Settings, table"><table class="wide settings">
<thead><tr><th scope="col">Setting</th><th scope="col">Value</th><th scope="col">From</th></tr></thead>
<tbody>${settings.map(
    ({
      key,
      origin,
      value,
    }) => html`<tr class="${origin === 'default' ? 'default' : 'set'}"><th scope="row"><code>${key}</code></th>
<td><code>${value}</code></td><td>${origin}</td></tr>`,
  )}</tbody></table></div>`;
}
