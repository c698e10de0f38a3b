/** The first page: whether the trail holds, before anything else, and the window in short. */
import type { Figures } from '../figures/figures.ts';
import { type Block, heading, text } from './document.ts';
import { count, duration, type LocalTime, percent } from './words.ts';

const MOST_FAULTS = 8;

export function firstPage(figures: Figures, local: LocalTime): Block[] {
  return [verdict(figures), heading(1, 'In short'), inShort(figures, local), ...howFar(figures, local)];
}

function verdict({ trail }: Figures): Block {
  const sizes = Object.entries(trail.logs).map(([log, { entries }]) => `${log} ${count(entries)} entries`);
  const checked = `Checked when this report was made: ${sizes.join(', ')}.`;
  const key = trail.key_given
    ? 'Checkpoints were checked by a key from outside.'
    : 'Checkpoints were checked by the key the trail names itself; only a key from outside proves who signed.';
  if (trail.holds) return { type: 'notice', tone: 'good', title: 'The audit trail holds.', lines: [checked, key] };
  const shown = trail.faults.slice(0, MOST_FAULTS);
  const rest = trail.faults_total - shown.length;
  return {
    type: 'notice',
    tone: 'alarm',
    title:
      'ALARM: THE AUDIT TRAIL DOES NOT HOLD. The figures below are counted from a trail that has been changed or damaged.',
    lines: [
      `${count(trail.faults_total)} faults were found.`,
      ...shown,
      ...(rest > 0 ? [`… and ${count(rest)} more.`] : []),
      checked,
    ],
  };
}

function inShort({ counted, trail }: Figures, local: LocalTime): Block {
  const { reconciliation, open, running, incidents, lists } = counted;
  const schedules = Object.entries(reconciliation);
  const sum = (pick: (schedule: (typeof schedules)[number][1]) => number) =>
    schedules.reduce((all, [, each]) => all + pick(each), 0);
  const oldest = schedules.reduce((age, [, each]) => Math.max(age, each.oldest_open_ms ?? 0), 0);
  const two = Object.values(reconciliation.II.open_after).reduce((all, each) => all + each, 0);
  const openTotal = lists.open?.total ?? open.length;
  const incidentsTotal = lists.incidents?.total ?? incidents.length;
  const upMs = running.gateway.ms.running ?? 0;
  const offlineMs = running.link.ms.OFFLINE ?? 0;
  const newest = counted.reading.newest_ms;
  return {
    type: 'facts',
    caption: 'The window in short',
    rows: [
      ['Records captured', count(sum((each) => each.captured))],
      ['Schedule II records captured', count(reconciliation.II.captured)],
      ['Records the PMS confirmed', count(sum((each) => each.moved_to.SYNCED ?? 0))],
      ['Confirmed without proof', count(sum((each) => each.unproved))],
      [
        'Records still open at the end',
        openTotal === 0 ? '0' : `${count(openTotal)}, the oldest for ${duration(oldest)}`,
      ],
      ['Schedule II records still open', count(two)],
      ['Link not OFFLINE while the gateway ran', percent(upMs - offlineMs, upMs)],
      ['Gateway not running', duration(running.gateway.ms.down ?? 0)],
      ['Incidents', `${count(incidentsTotal)}, of these ${count(counted.security_incidents)} that bear on security`],
      ['Trail verified', trail.holds ? 'yes, it holds' : 'NO, IT DOES NOT HOLD'],
      ['Newest entry counted', newest === null ? 'none' : local.second(newest)],
    ],
  };
}

/** A window that reaches beyond what the trail tells. */
function howFar({ counted, window }: Figures, local: LocalTime): Block[] {
  const newest = counted.reading.newest_ms;
  if (newest === null) return [text('The trail has no entry before the end of this window: nothing was recorded.')];
  const offsets = window.offsets.filter(([from]) => from > window.from_ms && from < window.to_ms);
  return offsets.map(([from]) => text(`The clocks were changed in this window, at ${local.minute(from)}.`));
}
