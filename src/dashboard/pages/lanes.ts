/** The lanes: who is connected, who was seen when, what came from each. */
import { html } from 'hono/html';
import type { Facts, LaneFacts, LaneProofFacts } from '../facts.ts';
import { span, type Times, whole } from '../words.ts';
import { live, type Markup } from './layout.ts';
import { table } from './table.ts';

const DAY_MS = 86_400_000;

export function lanesPage(facts: Facts, times: Times): Markup {
  return html`<h1>Lanes</h1>
<p class="note">Since the gateway started. A lane is lit while its till is connected.</p>
${live('lane_table', laneTable(facts, times))}`;
}

const HEADS = ['Lane', 'Now', 'Last seen', 'Missing numbers', 'Clock', 'Certificate', 'Published', 'Refused'];

/** The table, also sent again when it changes. Lanes that are enrolled and were not seen yet come last. */
export function laneTable({ enrolment, intake, nowMs }: Facts, times: Times): Markup {
  const proofs = enrolment?.lanes ?? [];
  const seen = new Set(intake.lanes.map(({ lane }) => lane));
  const unseen = proofs.filter(({ lane }) => !seen.has(lane));
  if (intake.lanes.length === 0 && unseen.length === 0) return html`<p>No till has connected yet.</p>`;
  const proofOf = (lane: string) => proofs.find((proof) => proof.lane === lane);
  return table('Lanes', HEADS, [
    ...intake.lanes.map((lane) => seenRow(lane, proofOf(lane.lane), nowMs, times)),
    ...unseen.map(
      (
        proof,
      ) => html`<tr><th scope="row">${proof.lane}</th><td><span class="lamp dark">dark</span></td><td>not since the start</td>
<td>–</td><td>–</td><td>${certificate(proof, nowMs)}</td><td>0</td><td>0</td></tr>`,
    ),
  ]);
}

function seenRow(facts: LaneFacts, proof: LaneProofFacts | undefined, nowMs: number, times: Times): Markup {
  const { clockOffsetMs, connections, lane, lastSeenAtMs, missing, missingSinceMs, publishes, refused } = facts;
  return html`<tr><th scope="row">${lane}</th>
<td>${connections > 0 ? html`<span class="lamp lit">lit</span>` : html`<span class="lamp dark">dark</span>`}</td>
<td>${times.short(lastSeenAtMs)} <span class="note">(${span(nowMs - lastSeenAtMs)} ago)</span></td>
<td>${missing === 0 ? 'none' : html`<b>${whole(missing)}</b> <span class="note">for ${span(nowMs - (missingSinceMs ?? nowMs))}</span>`}</td>
<td>${clock(clockOffsetMs)}</td><td>${proof === undefined ? '–' : certificate(proof, nowMs)}</td>
<td>${whole(publishes)}</td><td>${whole(refused)}</td></tr>`;
}

/** By the times of its latest records, so a second or two says nothing. */
function clock(offsetMs: number | null): string {
  if (offsetMs === null) return '–';
  if (Math.abs(offsetMs) < 5000) return 'right';
  return `${span(Math.abs(offsetMs))} ${offsetMs > 0 ? 'ahead' : 'behind'}`;
}

function certificate({ certificate: shown, grace, isKnocking, isTwice, state }: LaneProofFacts, nowMs: number): Markup {
  const days = shown === null ? null : Math.floor((shown.untilMs - nowMs) / DAY_MS);
  const end = days === null ? state : days < 0 ? `ended ${-days} d ago` : `${days} d`;
  const doubts = [
    ...(state === 'revoked' && shown !== null ? ['revoked'] : []),
    ...(grace === null ? [] : ['let in by grace']),
    ...(isTwice ? ['at work twice'] : []),
    ...(isKnocking ? ['knocks though revoked'] : []),
  ];
  return html`${end}${doubts.length === 0 ? '' : html` <b>${doubts.join(', ')}</b>`}`;
}
