/** The line to the PMS, and how gateway, storage and clock stood. */
import type { Figures } from '../figures/figures.ts';
import type { StateFigures } from '../figures/running.ts';
import { type Block, type Column, heading, list, table, text } from './document.ts';
import { bytes, count, duration, type LocalTime, percent } from './words.ts';

const number = (title: string, share = 1): Column => ({ title, share, align: 'right' });

export function lineBlocks({ counted, window }: Figures, local: LocalTime): Block[] {
  const { running, traffic } = counted;
  const length = window.to_ms - window.from_ms;
  const outages = running.link.stretches.filter(([value]) => value === 'OFFLINE');
  const outcomes = Object.entries(traffic.outcomes).map(([outcome, times]) => [outcome, count(times)]);
  const answer = traffic.answer_ms;
  return [
    heading(1, 'Link'),
    states('Link to the PMS', running.link, length),
    list(
      'Disconnects',
      [{ title: 'From', share: 2 }, { title: 'To', share: 2 }, number('For')],
      outages.map(([, from, to]) => [local.second(from), local.second(to), duration(to - from)]),
    ),
    {
      type: 'facts',
      caption: 'Requests to the PMS',
      rows: [
        ['Requests', `${count(traffic.requests)}, ${bytes(traffic.bytes)}`],
        [
          'Answers',
          answer === null
            ? '0'
            : `${count(answer.count)}, median ${duration(answer.median)}, longest ${duration(answer.max)}`,
        ],
        ['Gap markers noted', count(traffic.gaps_noted)],
      ],
    },
    list('Outcomes: HTTP status, or what was wrong', [{ title: 'Outcome', share: 3 }, number('Requests')], outcomes),
    list(
      'Alarms of the streams',
      [
        { title: 'Time', share: 2 },
        { title: 'Stream', share: 1.5 },
        { title: 'Alarm', share: 3 },
        { title: 'Now', share: 1 },
      ],
      traffic.alarms.map(([at, stream, alarm, active]) => [local.second(at), stream, alarm, active ? 'on' : 'off']),
    ),
  ];
}

export function stateBlocks({ counted, window }: Figures, local: LocalTime): Block[] {
  const { running } = counted;
  const length = window.to_ms - window.from_ms;
  const { deferred } = running;
  const peak = running.storage_peak_permille;
  const clocks = Object.entries(running.records_by_clock).map(([quality, records]) => [quality, count(records)]);
  const offset = running.clock_offset_max_ms;
  const down = running.gateway.stretches.filter(([value]) => value === 'down');
  return [
    heading(1, 'Gateway, storage and clock'),
    states('Gateway', running.gateway, length),
    list(
      'Not running',
      [{ title: 'From', share: 2 }, { title: 'To', share: 2 }, number('For')],
      down.map(([, from, to]) => [local.second(from), local.second(to), duration(to - from)]),
    ),
    text(
      `Starts ${count(running.starts)}, of these after an end without a stop ${count(running.unclean_ends)}; machine starts ${count(running.boots)}.`,
    ),
    states('Mode', running.mode, length),
    states('Storage breaker', running.storage, length),
    text(
      `Not taken for want of room, to be sent again by the lanes: Schedule II ${count(deferred.schedule_two)}, other controlled ${count(deferred.controlled)}, others ${count(deferred.other)}. ${peak === null ? 'The breaker did not move.' : `Most space in use when it moved: ${peak / 10} %.`}`,
    ),
    states('Clock', running.clock, length),
    list('Records captured by what the clock was worth', [{ title: 'Clock', share: 2 }, number('Records')], clocks),
    text(
      offset === null
        ? 'No distance of the clock to official time was told in this window.'
        : `Largest distance of the clock to official time that was told: ${duration(offset)}.`,
    ),
    list(
      'The clock was set',
      [{ title: 'Time', share: 2 }, number('By, ms')],
      running.clock_steps.map(([at, by]) => [local.second(at), String(by)]),
    ),
  ];
}

function states(caption: string, { ms, changes }: StateFigures, lengthMs: number): Block {
  const rows = Object.entries(ms).map(([value, length]) => [value, duration(length), percent(length, lengthMs)]);
  return table(
    `${caption} (${count(changes)} changes)`,
    [{ title: 'State', share: 2 }, number('For'), number('Of the window')],
    rows,
  );
}
