/** The command line's words for a line, the same for every benchmark that uses one. */
import { type Discipline, type LineShape, QUEUE_MS } from './shape.ts';

export const LINE_USAGE = `  --rtt ms         round trip of the line (default 80)
  --up mbit        speed towards the PMS (default 10)
  --down mbit      speed back (default 10)
  --queue name     fifo: first come, first served; fair: each connection in turn (default fifo)
  --tcp name       model: a proxy that behaves like a line; bbr, cubic or reno: packets of the kernel's own TCP over a line
                   with room for 200 ms, first come, first served (as root; default model)
`;

export const LINE_OPTIONS = {
  rtt: { type: 'string', default: '80' },
  up: { type: 'string', default: '10' },
  down: { type: 'string', default: '10' },
  queue: { type: 'string', default: 'fifo' },
  tcp: { type: 'string', default: 'model' },
} as const;

/** @throws Error with a sentence for the user. */
export function lineOf(values: Readonly<Record<keyof typeof LINE_OPTIONS, string>>): LineShape {
  const discipline = disciplineOf(values.queue);
  const congestion = congestionOf(values.tcp);
  if (congestion !== 'model' && discipline !== 'fifo')
    throw new Error('--tcp: a line of packets has a fifo queue only');
  return {
    roundTripMs: positive(values.rtt, '--rtt'),
    upBitsPerSecond: positive(values.up, '--up') * 1e6,
    downBitsPerSecond: positive(values.down, '--down') * 1e6,
    discipline,
    congestion,
  };
}

/** How a line is described in a report. */
export function describeLine(line: LineShape): string {
  const { roundTripMs, upBitsPerSecond, downBitsPerSecond, discipline, congestion } = line;
  const [up, down] = [upBitsPerSecond / 1e6, downBitsPerSecond / 1e6];
  const tcp = congestion === 'model' ? 'TCP modelled' : `the kernel's TCP with ${congestion}, queue of ${QUEUE_MS} ms`;
  return `round trip ${roundTripMs} ms, ${up} Mbit/s up, ${down} Mbit/s down, queue ${discipline}, ${tcp}`;
}

/** @throws Error when it is no number above 0. */
export function positive(text: string, option: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`${option}: ${text} is not a positive number`);
  return value;
}

function congestionOf(text: string): LineShape['congestion'] {
  if (text === 'model' || text === 'bbr' || text === 'cubic' || text === 'reno') return text;
  throw new Error(`--tcp: ${text} is none of model, bbr, cubic and reno`);
}

function disciplineOf(text: string): Discipline {
  if (text === 'fifo' || text === 'fair') return text;
  throw new Error(`--queue: ${text} is neither fifo nor fair`);
}
