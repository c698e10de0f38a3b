/**
 * Loaded into gateway and PMS with `--import`: their clock runs as ever and can be put forward from outside, over the Unix
 * socket that SOAK_SOCKET names. `{"byMs": n, "all": false}` moves it; timers of a minute and more follow the moved clock, with
 * `all` every timer; shorter ones are about the pace of network and disk and keep real time otherwise. The answer comes once
 * what fell due has been called. All threads of a process share one clock. No configuration can ask for this.
 */
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import { systemClock, systemTimers } from '../../src/base/clock.ts';

const KEY = 'soak-offset';
/** From this length on a timer follows the moved clock. */
const LONG_MS = 60_000;

interface Pending {
  readonly dueMs: number;
  readonly isLong: boolean;
  readonly fire: () => void;
}

const offsetMs = sharedOffset();
const pending = new Set<Pending>();

function sharedOffset(): BigInt64Array {
  if (isMainThread) setEnvironmentData(KEY, new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT));
  const shared = getEnvironmentData(KEY);
  if (!(shared instanceof SharedArrayBuffer)) throw new Error('the main thread has no moved clock');
  return new BigInt64Array(shared);
}

const { utcMs, monotonicMs } = systemClock;
const moved = () => Number(Atomics.load(offsetMs, 0));
Object.assign(systemClock, { utcMs: () => utcMs() + moved(), monotonicMs: () => monotonicMs() + moved() });
Object.assign(systemTimers, {
  after(delayMs: number, task: () => void): () => void {
    const end = () => {
      clearTimeout(handle);
      pending.delete(timer);
    };
    const fire = () => {
      end();
      task();
    };
    const timer = { dueMs: systemClock.monotonicMs() + delayMs, isLong: delayMs >= LONG_MS, fire };
    const handle = setTimeout(fire, delayMs);
    pending.add(timer);
    return end;
  },
});

function move(byMs: number, all: boolean): void {
  Atomics.add(offsetMs, 0, BigInt(Math.round(byMs)));
  const nowMs = systemClock.monotonicMs();
  const due = [...pending].filter(({ dueMs, isLong }) => dueMs <= nowMs && (isLong || all));
  for (const { fire } of due.sort((a, b) => a.dueMs - b.dueMs)) fire();
}

// `counterfoil run` replaces itself once to set flags of Node: the second is the gateway.
const { SOAK_SOCKET, COUNTERFOIL_TUNED } = process.env;
if (isMainThread && SOAK_SOCKET !== undefined && COUNTERFOIL_TUNED !== undefined) {
  rmSync(SOAK_SOCKET, { force: true });
  const server = createServer((socket) => {
    createInterface({ input: socket }).on('line', (line) => {
      const { byMs, all }: { byMs: number; all: boolean } = JSON.parse(line);
      move(byMs, all);
      socket.write(`${systemClock.utcMs()}\n`);
    });
    socket.on('error', () => {});
  });
  server.listen(SOAK_SOCKET);
  server.unref();
}
