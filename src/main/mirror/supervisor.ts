/**
 * The gateway's end of the mirror: starts its process, asks it again and again to catch up, and knows how far the mirror is
 * behind. A tick that is answered says that everything committed before it was asked is on the medium. Nothing here waits for
 * the medium, and nobody is acknowledged by it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Clock, systemClock, systemTimers, type Timers } from '../../base/clock.ts';
import type { Config } from '../../base/config/load.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { RecordBuffer } from '../../buffer/api.ts';
import type { MirrorFacts } from '../../health/mirror-facts.ts';
import { MIRROR_TIMING } from './timing.ts';
import { type MirrorAnswer, type MirrorTask, mirrorAnswer } from './wire.ts';

const PROGRAM = fileURLToPath(new URL('../counterfoil.mjs', import.meta.url));
const HEAP_MB = 192;

export interface MirrorSupervision {
  readonly task: MirrorTask;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** Newest sequence that is committed. */
  readonly lastSequence: () => number;
  /** What is started; this program by default. */
  readonly program?: string;
}

export class MirrorSupervisor {
  readonly #parts: MirrorSupervision;
  #child: ChildProcess | null = null;
  #cancel: () => void = () => {};
  #stopped = false;
  #asked: { tick: number; atMs: number; sequence: number } | null = null;
  #tick = 0;
  #retryMs: number = MIRROR_TIMING.retryMs;
  #current: { atMs: number; sequence: number } | null = null;
  #fault: MirrorAnswer['fault'] = null;
  readonly #startedAtMs: number;
  #onAnswer: () => void = () => {};

  constructor(parts: MirrorSupervision) {
    this.#parts = parts;
    this.#startedAtMs = parts.clock.monotonicMs();
  }

  start(): void {
    const flags = [
      `--max-old-space-size=${HEAP_MB}`,
      '--max-semi-space-size=4',
      '--disable-warning=ExperimentalWarning',
    ];
    const child = spawn(process.execPath, [...flags, this.#parts.program ?? PROGRAM, 'backup', 'mirror'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child = child;
    lowerPriority(child.pid);
    // A child that is gone says so by its end.
    child.stdin?.on('error', () => {});
    child.once('error', (error) => this.#ended(child, messageOf(error)));
    child.once('exit', (code, signal) => this.#ended(child, `its process ended (${signal ?? code ?? 'unknown'})`));
    if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => this.#take(line));
    child.stdin?.write(`${JSON.stringify(this.#parts.task)}\n`);
    this.#ask();
  }

  /** What the mirror lacks now. */
  facts(): MirrorFacts {
    const nowMs = this.#parts.clock.monotonicMs();
    const last = this.#parts.lastSequence();
    return {
      directory: this.#parts.task.mirrorDir,
      lagMs: nowMs - (this.#current?.atMs ?? this.#startedAtMs),
      lagRecords: this.#current === null ? null : Math.max(0, last - this.#current.sequence),
      fault: this.#fault,
    };
  }

  /** One more tick for what the lanes' last records were, as far as the medium answers soon; then the process ends. */
  async stop(): Promise<void> {
    this.#cancel();
    const child = this.#child;
    if (child === null || this.#stopped) return;
    const answered = async () => {
      const answer = Promise.withResolvers<void>();
      this.#onAnswer = answer.resolve;
      const cancel = this.#parts.timers.after(MIRROR_TIMING.lastTickMs, answer.resolve);
      await answer.promise;
      cancel();
    };
    if (this.#asked !== null) await answered();
    if (this.#fault === null && this.#asked === null) {
      this.#ask();
      await answered();
    }
    this.#stopped = true;
    this.#cancel();
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.stdin?.end();
    const cancel = this.#parts.timers.after(MIRROR_TIMING.lastTickMs, () => child.kill('SIGKILL'));
    // A process that hangs in its medium cannot be ended by anybody; the gateway does not wait for it.
    const giveUp = Promise.withResolvers<void>();
    const cancelToo = this.#parts.timers.after(2 * MIRROR_TIMING.lastTickMs, giveUp.resolve);
    await Promise.race([gone, giveUp.promise]);
    cancel();
    cancelToo();
    child.unref();
  }

  #ask(): void {
    const { clock, lastSequence } = this.#parts;
    this.#tick += 1;
    this.#asked = { tick: this.#tick, atMs: clock.monotonicMs(), sequence: lastSequence() };
    this.#child?.stdin?.write(`${JSON.stringify({ tick: this.#tick })}\n`);
  }

  #take(line: string): void {
    const answer = answerIn(line);
    if (answer === null) {
      // Cut short by its end, or a process gone wrong: its end, which follows, says so, and another takes its place.
      this.#child?.kill('SIGKILL');
      return;
    }
    const { tick, fault } = answer;
    const asked = this.#asked;
    if (asked === null || asked.tick !== tick) return;
    this.#asked = null;
    if (fault === null) {
      if (this.#fault !== null) this.#parts.log.info('the mirror is complete again');
      this.#current = asked;
    } else if (this.#fault?.code !== fault.code) {
      this.#parts.log.warn('the mirror cannot be kept', { code: fault.code, error: fault.message, hint: fault.hint });
    }
    this.#retryMs = fault === null ? MIRROR_TIMING.retryMs : Math.min(MIRROR_TIMING.longestRetryMs, 2 * this.#retryMs);
    this.#fault = fault;
    this.#onAnswer();
    if (!this.#stopped)
      this.#cancel = this.#parts.timers.after(fault === null ? MIRROR_TIMING.tickMs : this.#retryMs, () => this.#ask());
  }

  #ended(child: ChildProcess, message: string): void {
    if (this.#child !== child) return;
    this.#child = null;
    this.#asked = null;
    this.#cancel();
    this.#onAnswer();
    if (this.#stopped) return;
    this.#fault = { code: 'internal', message, hint: 'It is started again by itself.' };
    this.#parts.log.warn('the mirror cannot be kept', { error: message });
    this.#cancel = this.#parts.timers.after(MIRROR_TIMING.respawnMs, () => this.start());
  }
}

/** The mirror of a gateway; null where the configuration names no medium. `undo` ends it after the lanes, before the buffer. */
export function startMirror(
  { dataDir, trailDir, storage }: Config,
  buffer: RecordBuffer,
  log: Log,
  undo: (() => Promise<void>)[],
): MirrorSupervisor | null {
  const { mirrorDir } = storage;
  if (mirrorDir === null) return null;
  const task = { dataDir, trailDir, mirrorDir };
  const lastSequence = () => buffer.facts().lastSequence;
  const mirror = new MirrorSupervisor({ task, clock: systemClock, timers: systemTimers, log, lastSequence });
  undo.push(() => mirror.stop());
  mirror.start();
  return mirror;
}

/** Null for a line that is no answer. */
function answerIn(line: string): MirrorAnswer | null {
  try {
    return mirrorAnswer.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

function lowerPriority(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended already, or this system does not allow it: the mirror is kept all the same.
  }
}
