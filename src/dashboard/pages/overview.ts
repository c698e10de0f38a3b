/** The first page: what a pharmacist wants to know at a glance, and what to do where something is not well. */
import { html } from 'hono/html';
import { SCHEDULES } from '../../record/types.ts';
import { type Facts, LINK_LAYERS } from '../facts.ts';
import { countAll, countOf, oldestOf, waitingCount } from '../tally.ts';
import { bytes, many, percent, span, whole } from '../words.ts';
import { live, type Markup, statusMark } from './layout.ts';

/** Parts that are sent again when they change, by their name on the page. */
export const OVERVIEW_PARTS: Readonly<Record<string, (facts: Facts) => Markup>> = {
  headline,
  ticket,
  todo,
  schedule_two: scheduleTwo,
  line,
  lanes,
  box,
};

export function overviewPage(facts: Facts): Markup {
  const part = (name: string) => live(name, OVERVIEW_PARTS[name]?.(facts) ?? html``);
  return html`<div class="overview">
${part('headline')}
${part('ticket')}
${part('todo')}
<div class="tiles">
${part('schedule_two')}
${part('line')}
${part('lanes')}
${part('box')}
</div>
</div>`;
}

function onItsWay({ buffer }: Facts): number {
  return countOf(buffer, 'PENDING') + countOf(buffer, 'AWAITING_VERIFICATION');
}

function headline(facts: Facts): Markup {
  return html`<h1>${sentence(facts)}</h1><p class="status">${statusMark(facts.status)}</p>`;
}

function sentence(facts: Facts): string {
  const { buffer, intake, link, mode, nowMs } = facts;
  if (buffer === null || !intake.listening) return 'Tills cannot be served. This box needs help now.';
  if (mode.mode === 'CAPTURE') return 'Every sale is kept here. Nothing goes to the PMS until this box is mended.';
  const way = onItsWay(facts);
  const kept = way === 0 ? 'Nothing waits.' : `${many(way, 'record')} ${way === 1 ? 'is' : 'are'} safe here.`;
  if (link?.link === 'OFFLINE')
    return `No line to the PMS for ${span(nowMs - link.sinceMs)}. Go on selling: ${kept.charAt(0).toLowerCase()}${kept.slice(1)}`;
  if (way > 0) return `${many(way, 'record')} ${way === 1 ? 'is' : 'are'} on the way to the PMS.`;
  return waitingCount(buffer) > 0 ? 'Everything that can be sent is at the PMS.' : 'Every record is at the PMS.';
}

/** The ticket: the stub stays here, the middle travels, the rest has arrived. */
function ticket(facts: Facts): Markup {
  const { archive, buffer, nowMs } = facts;
  const archived = archive?.records ?? 0;
  const oldest = oldestOf(buffer, SCHEDULES);
  const age = oldest === null ? 'nothing waits' : `oldest ${oldest.sameBoot ? '' : 'at least '}${span(oldest.ageMs)}`;
  const lastCommit = buffer?.lastCommitAtMs;
  return html`<section class="ticket" aria-label="Where the records are">
<div class="stub"><h2>Safe here</h2><p class="number">${whole(countAll(buffer) + archived)}</p>
<p class="note">on this box’s disk${lastCommit == null || countAll(buffer) === 0 ? '' : `, the last ${span(nowMs - lastCommit)} ago`}</p></div>
<div class="middle"><h2>On the way</h2><p class="number">${whole(onItsWay(facts))}</p><p class="note">${age}</p></div>
<div class="rest"><h2>At the PMS</h2><p class="number">${whole(countOf(buffer, 'SYNCED') + archived)}</p>
<p class="note">each by a checked receipt</p></div>
</section>`;
}

/** What the checks of health are called here. */
const WHERE: Readonly<Record<string, string>> = {
  intake: 'Tills',
  lanes: 'Lanes',
  people: 'People',
  reports: 'Reports',
  disk: 'Disk',
  external: 'The shop’s broker',
  records: 'Records',
  roster: 'Who may sign',
  gateway: 'Gateway',
  link: 'Line to the PMS',
  sync: 'Sending to the PMS',
  trail: 'Trail',
  clock: 'Clock',
  storage: 'Storage',
  archive: 'Archive',
};

function todo({ buffer, problems, status }: Facts): Markup {
  const waiting = waitingCount(buffer);
  if (status === 'pass' && waiting === 0)
    return html`<section class="todo calm"><h2>To do</h2><p>Nothing needs a person.</p></section>`;
  return html`<section class="todo ${status}"><h2>To do</h2>
${waiting === 0 ? '' : html`<p><a class="button" href="/waiting">Review ${many(waiting, 'item')}</a></p>`}
<ul class="problems">${problems.map(
    ({ componentId, name, output, status: word }) => html`<li class="${word}">
<p class="what">${word === 'fail' ? statusMark(word) : ''} <b>${WHERE[name.split(':')[0] ?? ''] ?? 'This box'}</b>
<span class="where">${name}${componentId === undefined ? '' : ` ${componentId}`}</span></p>
<p>${output ?? ''}</p></li>`,
  )}</ul></section>`;
}

function scheduleTwo({ buffer, limits }: Facts): Markup {
  const oldest = oldestOf(buffer, ['II']);
  const pending = countOf(buffer, 'PENDING', ['II']);
  const held = countOf(buffer, 'HELD', ['II']);
  const verifying = countOf(buffer, 'AWAITING_VERIFICATION', ['II']);
  return html`<section class="tile"><h2>Schedule II</h2>
<p class="number">${whole(pending)}</p><p class="note">on the way, of at most ${whole(limits.scheduleTwoDepth)}</p>
<dl><div><dt>Oldest</dt><dd>${oldest === null ? 'none waits' : `${oldest.sameBoot ? '' : 'at least '}${span(oldest.ageMs)}`}</dd></div>
<div><dt>At the PMS, being verified</dt><dd>${whole(verifying)}</dd></div>
<div><dt>Held for a signature</dt><dd>${whole(held)}</dd></div>
<div><dt>At the PMS</dt><dd>${whole(countOf(buffer, 'SYNCED', ['II']))}</dd></div></dl></section>`;
}

const LINK_WORDS = { ONLINE: 'Line is up', DEGRADED: 'Line is poor', OFFLINE: 'Line is down' } as const;
const LAYER_WORDS = {
  dns: 'Name',
  tcp: 'Connection',
  tls: 'Encryption',
  heartbeat: 'PMS answers',
  delivery: 'Records arrive',
} as const;

function line({ link, nowMs }: Facts): Markup {
  if (link === null) return html`<section class="tile"><h2>Line to the PMS</h2><p>Not watched.</p></section>`;
  const tone = { ONLINE: 'pass', DEGRADED: 'warn', OFFLINE: 'fail' }[link.link];
  return html`<section class="tile"><h2>Line to the PMS</h2>
<p class="number words ${tone}">${LINK_WORDS[link.link]}</p><p class="note">for ${span(nowMs - link.sinceMs)}</p>
<ol class="layers">${LINK_LAYERS.map((layer) => {
    const { latencyMs, verdict } = link.layers[layer];
    const said = { ok: latencyMs === null ? 'yes' : `${Math.round(latencyMs)} ms`, fail: 'no', unknown: '–' }[verdict];
    return html`<li class="${verdict}"><span>${LAYER_WORDS[layer]}</span> <span>${said}</span></li>`;
  })}</ol></section>`;
}

/** A lane that has a connection is lit. */
function lanes({ intake, nowMs }: Facts): Markup {
  const lit = intake.lanes.filter(({ connections }) => connections > 0).length;
  return html`<section class="tile"><h2>Lanes</h2>
<p class="number">${whole(lit)} <span class="of">of ${whole(intake.lanes.length)} lit</span></p>
${intake.lanes.length === 0 ? html`<p class="note">No till has connected since the start.</p>` : ''}
<ul class="lamps">${intake.lanes.map(({ connections, lane, lastSeenAtMs }) =>
    connections > 0
      ? html`<li class="lit"><b>${lane}</b> <span>lit</span></li>`
      : html`<li class="dark"><b>${lane}</b> <span>dark for ${span(nowMs - lastSeenAtMs)}</span></li>`,
  )}</ul></section>`;
}

const LEVEL_WORDS = {
  CLOSED: 'takes everything',
  HALF_OPEN: 'opening again',
  OPEN: 'controlled substances only',
  RESERVE: 'Schedule II only',
  FULL: 'takes nothing',
} as const;

function box({ commitP99Ms, storage, trail, uptimeMs, wallClock }: Facts): Markup {
  const share = storage?.utilisation ?? 0;
  const full = storage?.fullInMs ?? null;
  return html`<section class="tile"><h2>This box</h2>
<p class="number">${percent(storage?.utilisation ?? null)} <span class="of">full</span></p>
<meter min="0" max="1" low="0.7" high="0.8" optimum="0" value="${share.toFixed(3)}" aria-label="Storage used">${percent(share)}</meter>
<dl><div><dt>Storage</dt><dd>${storage === null ? '–' : `${LEVEL_WORDS[storage.level]}, ${bytes(storage.freeBytes)} free`}</dd></div>
<div><dt>Full in</dt><dd>${full === null ? 'not in sight' : span(full)}</dd></div>
<div><dt>To disk within</dt><dd>${commitP99Ms === null ? '–' : `${commitP99Ms.toFixed(1)} ms`}</dd></div>
<div><dt>Clock</dt><dd>${wallClock.quality}</dd></div>
<div><dt>Trail</dt><dd>${trail === null ? 'not open' : { none: 'plain files', append_only: 'append-only', sealed: 'sealed' }[trail.worm]}</dd></div>
<div><dt>Running for</dt><dd>${span(uptimeMs)}</dd></div></dl></section>`;
}
