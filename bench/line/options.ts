/** The command line's words for a line, the same for every benchmark that uses one. */
import type { Discipline, LineShape } from './proxy.ts';

export const LINE_USAGE = `  --rtt ms         round trip of the line (default 80)
  --up mbit        speed towards the PMS (default 10)
  --down mbit      speed back (default 10)
  --queue name     fifo: first come, first served; fair: each connection in turn (default fifo)
`;

export const LINE_OPTIONS = {
  rtt: { type: 'string', default: '80' },
  up: { type: 'string', default: '10' },
  down: { type: 'string', default: '10' },
  queue: { type: 'string', default: 'fifo' },
} as const;

/** @throws Error with a sentence for the user. */
export function lineOf(values: Readonly<Record<keyof typeof LINE_OPTIONS, string>>): LineShape {
  return {
    roundTripMs: positive(values.rtt, '--rtt'),
    upBitsPerSecond: positive(values.up, '--up') * 1e6,
    downBitsPerSecond: positive(values.down, '--down') * 1e6,
    discipline: disciplineOf(values.queue),
  };
}

/** How a line is described in a report. */
export function describeLine(line: LineShape): string {
  const { roundTripMs, upBitsPerSecond, downBitsPerSecond, discipline } = line;
  const [up, down] = [upBitsPerSecond / 1e6, downBitsPerSecond / 1e6];
  return `round trip ${roundTripMs} ms, ${up} Mbit/s up, ${down} Mbit/s down, queue ${discipline}`;
}

/** @throws Error when it is no number above 0. */
export function positive(text: string, option: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`${option}: ${text} is not a positive number`);
  return value;
}

function disciplineOf(text: string): Discipline {
  if (text === 'fifo' || text === 'fair') return text;
  throw new Error(`--queue: ${text} is neither fifo nor fair`);
}
