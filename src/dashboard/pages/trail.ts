/** The trails and their newest signed checkpoints, as text and as a code that a phone can keep as a witness. */
import { html, raw } from 'hono/html';
import encodeQR from 'qr';
import type { Facts, TrailLogFacts } from '../facts.ts';
import { span, type Times, whole } from '../words.ts';
import type { Markup } from './layout.ts';

const TITLES = { audit: 'Audit trail', schedule_two: 'Schedule II trail' } as const;
const WORM_WORDS = {
  none: 'plain files: nothing but the hash chain and witnesses outside protects them from whoever has this box',
  append_only: 'append-only files, kept by the sealer',
  sealed: 'append-only files, closed ones sealed by the file system',
} as const;

export function trailPage({ nowMs, trail }: Facts, times: Times): Markup {
  if (trail === null) return html`<h1>Trail</h1><p>The trail is not open.</p>`;
  return html`<h1>Trail</h1>
<p>Everything that happened, in a chain of hashes. Kept as ${WORM_WORDS[trail.worm]}.</p>
<div class="trails">${(['audit', 'schedule_two'] as const).map((log) => trailOf(TITLES[log], trail.logs[log], nowMs, times))}</div>`;
}

function trailOf(title: string, facts: TrailLogFacts, nowMs: number, times: Times): Markup {
  const { checkpoint, cosignedSize, fixedSize, lagMs, storedSize } = facts;
  return html`<section class="tile trail"><h2>${title}</h2>
<dl><div><dt>Entries</dt><dd>${whole(fixedSize)}</dd></div>
<div><dt>In its files</dt><dd>${whole(storedSize)}${lagMs >= 1000 ? `, ${span(lagMs)} behind` : ''}</dd></div>
<div><dt>Signed</dt><dd>${checkpoint === null ? 'not yet' : `${whole(checkpoint.size)}, ${span(nowMs - checkpoint.atMs)} ago`}</dd></div>
<div><dt>Cosigned by the PMS</dt><dd>${cosignedSize === 0 ? 'nothing yet' : whole(cosignedSize)}</dd></div></dl>
${checkpoint === null ? '' : checkpointOf(title, checkpoint, times)}</section>`;
}

function checkpointOf(title: string, checkpoint: NonNullable<TrailLogFacts['checkpoint']>, times: Times): Markup {
  // The package draws squares from the text; nothing of the text itself is in its SVG.
  const code = raw(encodeQR(checkpoint.note, 'svg', { ecc: 'low' }));
  return html`<h3>Newest checkpoint</h3>
<p class="note">Of ${times.long(checkpoint.atMs)}. Whoever keeps a copy can prove later that nothing before it was changed.</p>
<div class="qr" role="img" aria-label="${title}: the newest checkpoint as a QR code">${code}</div>
<pre tabindex="0" aria-label="${title}: the newest checkpoint">${checkpoint.note}</pre>
<details><summary>Key to verify it</summary><pre tabindex="0" aria-label="${title}: verifier key">${checkpoint.verifierKey}</pre></details>`;
}
