/**
 * The whole sync stage without network and without waiting: time moves by hand to the next timer as soon as nothing else
 * can happen, so hours of back-off pass in milliseconds and a run is the same each time.
 */
import { setImmediate } from 'node:timers/promises';
import type { Clock, Random, Timers } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { SYNC_DEFAULTS, type SyncOptions } from '../../src/sync/options.ts';
import type { Reply } from '../../src/sync/outcome.ts';
import type { SyncAlarm, WitnessAlarm } from '../../src/sync/ports.ts';
import { Sync, type Way } from '../../src/sync/sync.ts';
import type { Content } from '../../src/sync/upstream.ts';
import { MemoryBuffer } from '../harness/memory-buffer.ts';
import { NO_TRAIL } from '../harness/no-trail.ts';
import { type Answer, type Script, StrictLedger } from '../harness/scripted-pms.ts';

/** Turns of the event loop in which nothing may happen before time moves on; a step needs fewer between two signs of life. */
const QUIET_TURNS = 12;

class HandTime implements Clock, Timers {
  #nowMs = 1_000_000;
  readonly #due = new Map<() => void, number>();

  utcMs(): number {
    return 1_790_000_000_000 + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): () => void {
    if (!Number.isFinite(delayMs)) throw new Error('a wait without an end');
    // A key of its own: one task may be waited for twice.
    const once = () => task();
    this.#due.set(once, this.#nowMs + Math.max(0, delayMs));
    return () => this.#due.delete(once);
  }

  /** Moves to the next timer and runs it; false when there is none. */
  next(): boolean {
    const [first] = [...this.#due].sort((a, b) => a[1] - b[1]);
    if (first === undefined) return false;
    this.#due.delete(first[0]);
    this.#nowMs = Math.max(this.#nowMs, first[1]);
    first[0]();
    return true;
  }
}

export interface PaperWorld {
  readonly buffer: MemoryBuffer;
  readonly ledger: StrictLedger;
  readonly sync: Sync;
  readonly alarms: (SyncAlarm | WitnessAlarm)[];
  script: Script;
  requests: number;
  /** Lets time pass until `holds`, or for this long; says whether it holds. */
  pass(forMs: number, holds?: () => boolean): Promise<boolean>;
}

/** With the options of real life, but for what `options` says. Not started. */
export function makePaperWorld(
  options: Partial<SyncOptions>,
  random: Random,
  heartbeatOk = () => true,
  buffer = new MemoryBuffer(),
): PaperWorld {
  const time = new HandTime();
  const ledger = new StrictLedger();
  let life = 0;
  const way: Way = {
    start() {},
    breakOff() {},
    async stop() {},
    async post(path, content) {
      life += 1;
      world.requests += 1;
      if (content.hold !== null && !(await content.hold.decided)) return { kind: 'fault', fault: 'withdrawn' };
      return replyOf(await world.script(seenOf(path, content)));
    },
  };
  const alarms: (SyncAlarm | WitnessAlarm)[] = [];
  const sync = new Sync(
    { ...SYNC_DEFAULTS, coding: 'identity', pmsUrl: 'http://pms.invalid', ...options },
    {
      buffer,
      clock: time,
      timers: time,
      random,
      log: silentLog,
      events: {
        onAlarm: (_stream, alarm, active) => {
          if (active) alarms.push(alarm);
        },
      },
      readToken: () => 'token',
      heartbeatOk,
      ...NO_TRAIL,
    },
    way,
  );
  const settleDown = async () => {
    for (let quiet = 0, seen = -1; quiet < QUIET_TURNS; quiet += 1) {
      await setImmediate();
      const now = life + buffer.notes.length;
      if (now !== seen) quiet = 0;
      seen = now;
    }
  };
  const world: PaperWorld = {
    buffer,
    ledger,
    sync,
    alarms,
    script: ledger.script,
    requests: 0,
    async pass(forMs, holds = () => false) {
      const endMs = time.monotonicMs() + forMs;
      await settleDown();
      while (!holds()) {
        if (time.monotonicMs() >= endMs || !time.next()) return holds();
        await settleDown();
      }
      return true;
    },
  };
  return world;
}

function seenOf(path: string, { bytes }: Content): Parameters<Script>[0] {
  return { method: 'POST', path, headers: {}, raw: bytes, body: bytes, json: JSON.parse(bytes.toString('utf8')) };
}

function replyOf(answer: Answer): Reply {
  if (answer === 'hang') return { kind: 'fault', fault: 'timed_out' };
  if (answer === 'cut' || typeof answer === 'function') return { kind: 'fault', fault: 'broken_off' };
  const page = typeof answer.body === 'string';
  return {
    kind: 'reply',
    status: answer.status,
    retryAfter: answer.headers?.['retry-after'] ?? null,
    accepts: null,
    location: null,
    page,
    json: page ? undefined : (answer.body ?? null),
  };
}
