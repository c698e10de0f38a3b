/** `counterfoil top`: a running gateway, live. Shows figures and names of lanes, never a record. */
import { setTimeout as pause } from 'node:timers/promises';
import { Command } from 'commander';
import { CounterfoilError } from '../../base/errors.ts';
import type { GatewayStatus } from '../../health/status-schema.ts';
import { stopSignal } from '../stop-signal.ts';
import { askStatus, type GatewayFlags, gatewayCaller, withGateway } from './gateway-call.ts';
import { type CommandIo, processIo } from './io.ts';
import { topScreen } from './top-screen.ts';

interface TopFlags extends GatewayFlags {
  readonly every: string;
  readonly count?: string;
}

/** Alternate screen without cursor, and back (xterm's control sequences). */
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** The `top` command; goes on until Ctrl-C, or for `--count` looks. A gateway that restarts meanwhile is waited for. */
export function topCommand(io: CommandIo = processIo, ended: () => Promise<unknown> = stopSignal): Command {
  return withGateway(new Command('top'))
    .description('watch a running gateway live: flow, queue, lanes, what is wrong; no record data')
    .option('--every <seconds>', 'time between two looks', '1')
    .option('--count <number>', 'end after so many looks')
    .action(async (flags: TopFlags) => {
      const everyMs = positive(flags.every, '--every') * 1000;
      const count = flags.count === undefined ? Number.POSITIVE_INFINITY : positive(flags.count, '--count');
      const ending = new AbortController();
      void ended().then(() => ending.abort());
      const isScreen = io === processIo && process.stdout.isTTY;
      if (isScreen) io.write(ENTER);
      try {
        await watch(flags, io, { everyMs, count, isScreen, signal: ending.signal });
      } finally {
        if (isScreen) io.write(LEAVE);
      }
    });
}

interface Watching {
  readonly everyMs: number;
  readonly count: number;
  readonly isScreen: boolean;
  readonly signal: AbortSignal;
}

async function watch(flags: TopFlags, io: CommandIo, { everyMs, count, isScreen, signal }: Watching): Promise<void> {
  let before: GatewayStatus | null = null;
  // Wrong flags and a gateway that is not there at all end the command at once; later silence may be a restart.
  let caller = gatewayCaller(flags, io.env);
  try {
    for (let look = 0; look < count && !signal.aborted; look += 1) {
      if (look > 0) await pause(everyMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        const now: GatewayStatus = await askStatus(caller);
        show(io, topScreen(now, before), isScreen);
        before = now;
      } catch (error) {
        if (!(error instanceof CounterfoilError) || error.code !== 'gateway_unreachable' || before === null)
          throw error;
        show(io, [`NO ANSWER: ${error.message}`, 'Trying again …'], isScreen);
        await caller.close();
        caller = anew(flags, io) ?? caller;
      }
    }
  } finally {
    await caller.close();
  }
}

/** A gateway started again may listen elsewhere; null while it is not there. */
function anew(flags: TopFlags, io: CommandIo) {
  try {
    return gatewayCaller(flags, io.env);
  } catch {
    return null;
  }
}

function show(io: CommandIo, lines: readonly string[], isScreen: boolean): void {
  if (!isScreen) {
    io.write(`${lines.join('\n')}\n\n`);
    return;
  }
  const { columns, rows } = process.stdout;
  const fitting = lines.slice(0, Math.max(1, rows - 1)).map((line) => line.slice(0, columns) + CLEAR_LINE);
  io.write(HOME + fitting.join('\r\n') + CLEAR_BELOW);
}

function positive(text: string, option: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0 && value <= 86_400) return value;
  throw new CounterfoilError('usage', `${option} ${text} is no number above 0`, 'Give a number such as 5.');
}
