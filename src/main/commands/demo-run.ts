/** Puts the demonstration together: real lane clients for the tills, this program for gateway, PMS and checker. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock, systemTimers } from '../../base/clock.ts';
import { CounterfoilError, EXIT, messageOf } from '../../base/errors.ts';
import type { Verdict } from '../../demo/checker/verdict.ts';
import { Live } from '../../demo/show/live.ts';
import type { ShowTills } from '../../demo/show/parts.ts';
import { playScript } from '../../demo/show/script.ts';
import { Show } from '../../demo/show/show.ts';
import { summary } from '../../demo/show/summary.ts';
import { Terminal } from '../../demo/show/terminal.ts';
import { seededRandom } from '../../demo/simulator/random.ts';
import type { LaneClient } from '../../lane/client.ts';
import { createSimulator } from '../simulator.ts';
import type { CommandIo } from './io.ts';

export interface DemoFlags {
  readonly seed?: string;
  /** Seconds. */
  readonly duration?: number;
  /** Records a second. */
  readonly rate: number;
  readonly script?: true;
  readonly keep?: true;
}

interface Setting {
  readonly flags: DemoFlags;
  readonly io: CommandIo;
  readonly seed: string;
  readonly folder: string;
}

const STORE = '0042';
const LANES = 4;
const BAD_RATE = 0.03;
const SCRIPT_SECONDS = 30;
/** Ended by Ctrl-C at once: 128 + SIGINT, as shells say it. */
const EXIT_INTERRUPTED = 130;
const SAME_PRESS_MS = 300;
const TIME = { clock: systemClock, timers: systemTimers };

/** Runs the show and ends with 0 only if the checker is content. Throws when a part of it broke. */
export async function runDemo(flags: DemoFlags, io: CommandIo): Promise<void> {
  const seed = flags.seed ?? randomUUID().slice(0, 8);
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-demo-'));
  const clean = () => {
    if (flags.keep === true) io.write(`kept: ${folder}\n`);
    else rmSync(folder, { recursive: true, force: true });
  };
  // At exit, because a second Ctrl-C ends the process in the middle of everything.
  process.on('exit', clean);
  const setting = { flags, io, seed, folder };
  const isLive = flags.script !== true && process.stdin.isTTY && process.stdout.isTTY && io.env.TERM !== 'dumb';
  const verdict = await (isLive ? playLive(setting) : playLines(setting));
  io.write(`\n${summary(verdict).join('\n')}\n(seed ${seed})\n`);
  if (!verdict.content) io.exitWith(EXIT.failure);
}

/** Plain lines with the time since the start. */
async function playLines(setting: Setting): Promise<Verdict> {
  const { flags, io, seed } = setting;
  io.write(`Counterfoil demonstration, seed ${seed}\n`);
  const show = newShow(setting, ({ atMs, text }) => io.write(`${(atMs / 1000).toFixed(1).padStart(6)} s  ${text}\n`));
  return await guarded(show, async (interruption) => {
    const { urls } = show.look();
    io.write(`          gateway ${urls.gateway}, PMS ${urls.pms}\n`);
    const durationMs = (flags.duration ?? SCRIPT_SECONDS) * 1000;
    let isBroken = false;
    show.broken.catch(() => {
      isBroken = true;
    });
    const isOver = () => isBroken || interruption.has;
    await Promise.race([playScript(show, TIME, durationMs, isOver), show.broken]);
    return await Promise.race([show.finish(), show.broken]);
  });
}

/** The screen. */
async function playLive(setting: Setting): Promise<Verdict> {
  const { flags, io, seed } = setting;
  io.write('starting a PMS, a gateway and four tills …\n');
  const show = newShow(setting, () => {});
  return await guarded(show, async (interruption) => {
    const terminal = new Terminal({
      input: process.stdin,
      output: process.stdout,
      hasColour: (io.env.NO_COLOR ?? '') === '',
      onKey: (key) => (key === 'ctrl-c' ? interruption.interrupt() : live.press(key)),
    });
    const random = seededRandom(`${seed} outages`);
    const live = new Live({
      ...TIME,
      show,
      random,
      draw: (lines) => terminal.draw(lines),
      isPlain: !isUnicode(io.env),
    });
    const cancel = flags.duration === undefined ? () => {} : TIME.timers.after(flags.duration * 1000, () => live.end());
    try {
      terminal.open();
      live.start();
      void interruption.happened.then(() => live.end());
      return await Promise.race([live.ended, show.broken]);
    } finally {
      cancel();
      live.stop();
      terminal.close();
    }
  });
}

/**
 * Ctrl-C, SIGTERM or SIGHUP: the first ends the show in order, a second one the process at once. One key press may come
 * as two signals (from the terminal, and from npm, which passes on its own), so those close together count as one.
 */
class Interruption {
  readonly #told = Promise.withResolvers<void>();
  #firstMs: number | null = null;
  readonly interrupt = (): void => {
    const nowMs = TIME.clock.monotonicMs();
    this.#firstMs ??= nowMs;
    if (nowMs - this.#firstMs > SAME_PRESS_MS) process.exit(EXIT_INTERRUPTED);
    this.#told.resolve();
  };

  get has(): boolean {
    return this.#firstMs !== null;
  }

  get happened(): Promise<void> {
    return this.#told.promise;
  }
}

/** Starts the show, runs `play`, and stops every part whatever happens; a process that ends takes its parts with it. */
async function guarded(show: Show, play: (interruption: Interruption) => Promise<Verdict>): Promise<Verdict> {
  const interruption = new Interruption();
  const abandon = () => show.abandon();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, interruption.interrupt);
  process.on('exit', abandon);
  try {
    await show.start();
    return await play(interruption);
  } catch (error) {
    if (error instanceof CounterfoilError) throw error;
    const hint = 'Run again with --keep and read the logs in its folder.';
    throw new CounterfoilError('internal', messageOf(error), hint, error);
  } finally {
    await show.stop();
    for (const signal of signals) process.off(signal, interruption.interrupt);
    process.off('exit', abandon);
  }
}

function newShow({ flags, folder, seed }: Setting, onEvent: ConstructorParameters<typeof Show>[0]['onEvent']): Show {
  return new Show({
    ...TIME,
    folder,
    store: STORE,
    rosterFile: fileURLToPath(new URL('../../../config/demo-roster.yaml', import.meta.url)),
    onEvent,
    program: {
      runtime: process.execPath,
      args: ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL('../counterfoil.mjs', import.meta.url))],
    },
    openTills: (url, outboxDir) => openTills(url, outboxDir, flags.rate, seed),
  });
}

function openTills(url: string, outboxDir: string, ratePerSecond: number, seed: string): ShowTills {
  const lanes = new Map<string, LaneClient>();
  const simulator = createSimulator({
    url,
    store: STORE,
    outboxDir,
    lanes: LANES,
    ratePerSecond,
    badRate: BAD_RATE,
    seed,
    onLane: (lane, name) => lanes.set(name, lane),
  });
  return {
    start: () => simulator.start(),
    closeShop: () => simulator.closeShop(),
    stop: () => simulator.stop(),
    look: () =>
      [...lanes].map(([name, lane]) => {
        const counts = lane.counts();
        const sold = Object.values(counts).reduce((sum, count) => sum + count, 0);
        return { name, isLit: lane.isOnline, kept: counts.kept, sold };
      }),
  };
}

/** A locale that is set decides (POSIX: LC_ALL, LC_CTYPE, LANG in this order); the Linux console has few bars. */
function isUnicode(env: NodeJS.ProcessEnv): boolean {
  if (env.TERM === 'linux') return false;
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((value) => value !== undefined && value !== '');
  return locale === undefined || /utf-?8/i.test(locale);
}
