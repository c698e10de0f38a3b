/** Reconciliation by schedule, what is open, the queue over time, the days. */
import type { Figures } from '../figures/figures.ts';
import { timeChart } from './chart.ts';
import { type Block, type Column, heading, list, table, text } from './document.ts';
import { count, duration, type LocalTime, shortHash } from './words.ts';

const ORDER = ['II', 'III', 'IV', 'V', 'NONE'] as const;
const number = (title: string, share = 1): Column => ({ title, share, align: 'right' });

export function reconciliationBlocks({ counted }: Figures, local: LocalTime): Block[] {
  return [
    heading(1, 'Reconciliation'),
    text(
      'Open at the beginning + captured = confirmed + resolved + open at the end. A record is confirmed when the PMS has named its key and its hash.',
    ),
    balance(counted),
    steps(counted),
    latencies(counted),
    list(
      'Records still open at the end of the window',
      [
        number('Number'),
        { title: 'Schedule', share: 1 },
        { title: 'State', share: 2 },
        { title: 'Lane', share: 1.4 },
        { title: 'Received', share: 2 },
        number('Age', 1.4),
        { title: 'Hash', share: 1.6 },
      ],
      counted.open.map(([sequence, schedule, state, lane, received, age, hash]) => [
        String(sequence),
        schedule,
        state,
        lane,
        local.second(received),
        duration(age),
        shortHash(hash),
      ]),
      counted.lists.open,
    ),
  ];
}

function balance({ reconciliation }: Figures['counted']): Block {
  const rows = ORDER.map((schedule) => {
    const { open_before: before, captured, moved_to: moved, open_after: after } = reconciliation[schedule];
    const open = Object.values(after).reduce((sum, each) => sum + each, 0);
    const synced = moved.SYNCED ?? 0;
    const resolved = moved.RESOLVED ?? 0;
    const holds = before + captured === synced + resolved + open;
    return [schedule, before, captured, synced, resolved, open]
      .map((each) => (typeof each === 'number' ? count(each) : each))
      .concat(holds ? 'yes' : 'NO');
  });
  const columns = [
    number('Open at the beginning', 1.3),
    number('Captured'),
    number('Confirmed'),
    number('Resolved'),
    number('Open at the end', 1.2),
    { title: 'Balances', share: 0.8 },
  ];
  return table('Records by schedule', [{ title: 'Schedule', share: 0.8 }, ...columns], rows);
}

function steps({ reconciliation }: Figures['counted']): Block {
  const states = ['AWAITING_VERIFICATION', 'HELD', 'REJECTED', 'SET_ASIDE', 'QUARANTINED', 'PENDING'] as const;
  const titles = ['Verifying', 'Held', 'Rejected', 'Set aside', 'Quarantined', 'Released'];
  const rows = ORDER.map((schedule) => {
    const { moved_to: moved, unproved } = reconciliation[schedule];
    return [schedule, ...states.map((state) => count(moved[state] ?? 0)), count(unproved)];
  });
  return table(
    'What else happened to them in the window',
    [{ title: 'Schedule', share: 0.8 }, ...titles.map((title) => number(title)), number('No proof')],
    rows,
  );
}

function latencies({ reconciliation }: Figures['counted']): Block {
  const rows = ORDER.map((schedule) => {
    const { latency_ms: latency } = reconciliation[schedule];
    if (latency === null) return [schedule, '0', '–', '–', '–'];
    return [schedule, count(latency.count), duration(latency.median), duration(latency.p95), duration(latency.max)];
  });
  return table(
    'From being on disk here to the receipt of the PMS',
    [
      { title: 'Schedule', share: 0.8 },
      number('Records'),
      number('Median'),
      number('95 of 100 within', 1.3),
      number('Longest'),
    ],
    rows,
  );
}

export function queueBlocks({ counted, window }: Figures, local: LocalTime): Block[] {
  const { queue, running } = counted;
  const { from_ms: fromMs, to_ms: toMs } = window;
  const shades = running.link.stretches
    .filter(([value]) => value === 'OFFLINE' || value === 'down')
    .map(([value, from, to]) => ({
      fromMs: from,
      toMs: to,
      look: value === 'down' ? ('grey' as const) : ('hatched' as const),
    }));
  const common = {
    fromMs,
    toMs,
    stepMs: queue.step_ms,
    shades,
    shadeNames: [
      { name: 'link OFFLINE', look: 'hatched' as const },
      { name: 'gateway not running', look: 'grey' as const },
    ],
    timeLabel: (utcMs: number) => (toMs - fromMs > 3 * 86_400_000 ? local.day(utcMs) : local.minute(utcMs).slice(5)),
  };
  const deepest = peak(queue.standard);
  const deepestTwo = peak(queue.schedule_two);
  const longest = peak(queue.oldest_seconds);
  const at = (step: number) => local.minute(fromMs + step * queue.step_ms);
  const depthWords = `At most ${count(deepest.value)} records of the other schedules (${at(deepest.step)}) and ${count(deepestTwo.value)} of Schedule II (${at(deepestTwo.step)}) waited for the PMS.`;
  const ageWords = `The oldest waiting record was at most ${duration(longest.value * 1000)} old (${at(longest.step)}).`;
  return [
    heading(1, 'Queue'),
    text(`${depthWords} ${ageWords} Each step of the charts is ${duration(queue.step_ms)}.`),
    {
      type: 'chart',
      caption: 'Records waiting for the PMS, most in each step',
      alt: `Chart of waiting records over the window. ${depthWords}`,
      drawing: timeChart({
        ...common,
        series: [
          { name: 'Schedule II', values: queue.schedule_two, style: 'solid' },
          { name: 'all others', values: queue.standard, style: 'dashed' },
        ],
        label: count,
      }),
    },
    {
      type: 'chart',
      caption: 'Age of the oldest waiting record, most in each step',
      alt: `Chart of the oldest waiting record's age over the window. ${ageWords}`,
      drawing: timeChart({
        ...common,
        series: [{ name: 'oldest waiting', values: queue.oldest_seconds, style: 'solid' }],
        label: (seconds) => duration(seconds * 1000),
      }),
    },
  ];
}

function peak(values: readonly number[]): { value: number; step: number } {
  return values.reduce((best, value, step) => (value > best.value ? { value, step } : best), { value: 0, step: 0 });
}

export function dayBlocks({ counted }: Figures): Block[] {
  if (counted.days.length < 2) return [];
  const rows = counted.days.map(
    ({ day, hours, captured, synced, depth, oldest_seconds: oldest, offline_ms: offline, down_ms: down }) => {
      const others = ORDER.slice(1, 4).reduce((sum, schedule) => sum + (captured[schedule] ?? 0), 0);
      return [
        day,
        trimmedHours(hours),
        count(captured.II ?? 0),
        count(others),
        count(captured.NONE ?? 0),
        count(synced),
        count(depth),
        duration(oldest * 1000),
        duration(offline),
        duration(down),
      ];
    },
  );
  const columns = ['II', 'III–V', 'None', 'Confirmed', 'Deepest queue', 'Oldest', 'Offline', 'Not running'];
  return [
    heading(1, 'Days'),
    table(
      'Captured and confirmed by local day',
      [{ title: 'Day', share: 1.3 }, number('Hours', 0.7), ...columns.map((title) => number(title))],
      rows,
      MOST_DAYS,
    ),
  ];
}

/** Two years. */
const MOST_DAYS = 740;
const trimmedHours = (hours: number): string => String(Math.round(hours * 10) / 10);
