/** The parent's side of one load run: starts the load process, samples the server around it, returns one `Sample`. */
import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { FromLoad, ToLoad } from './load.ts';
import type { LoadOrder, LoadResult, Sample } from './model.ts';
import { type Counters, countersOf, deviceWrittenBytes, processTree, rssBytesOf } from './probe.ts';
import { outputOf } from './processes.ts';
import type { SyncCounter } from './sync-count.ts';

const RSS_EVERY_MS = 200;
/** A server counts as settled once it wrote nothing for this long after the load ended. */
const QUIET_MS = 500;
const SETTLE_LIMIT_MS = 5_000;

/** What is watched while records flow. */
export interface Watched {
  /** Process ids that were started; their descendants count too. */
  readonly roots: readonly number[];
  /** A directory on the measured disk. */
  readonly directory: string;
  readonly syncs: SyncCounter | null;
}

/**
 * Runs one load against a server and measures both sides.
 * @throws Error when a connection breaks or the server stops acknowledging.
 */
export async function drive(order: LoadOrder, watched: Watched): Promise<{ sample: Sample; result: LoadResult }> {
  const load = fork(fileURLToPath(new URL('./load.ts', import.meta.url)), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  try {
    tell(load, { kind: 'prepare', order });
    await heard(load, 'prepared');
    const pids = processTree(watched.roots);
    const before = marks(pids, watched);
    const rss = watchRss(pids);
    tell(load, { kind: 'go' });
    const { result } = await heard(load, 'done');
    const loadRssBytes = rss.stop();
    const cpuSeconds = countersOf(pids).cpuSeconds - before.counters.cpuSeconds;
    await settled(pids);
    await outputOf('sync', ['-f', watched.directory]);
    const after = marks(pids, watched);
    return { sample: sampleOf(result, cpuSeconds, loadRssBytes, before, after), result };
  } finally {
    load.kill('SIGTERM');
  }
}

interface Marks {
  readonly counters: Counters;
  readonly deviceBytes: number | null;
  readonly syncs: number | null;
}

function marks(pids: readonly number[], watched: Watched): Marks {
  return {
    counters: countersOf(pids),
    deviceBytes: deviceWrittenBytes(watched.directory),
    syncs: watched.syncs?.read() ?? null,
  };
}

/**
 * Everything a server wrote or synced between the marks is divided by everything it acknowledged between them, ramp and
 * drain included; what it puts off until it has been quiet for half a second counts too.
 */
function sampleOf(result: LoadResult, cpuSeconds: number, loadRssBytes: number, before: Marks, after: Marks): Sample {
  const each = (later: number | null, earlier: number | null): number | null =>
    later === null || earlier === null ? null : (later - earlier) / result.ackedTotal;
  return {
    recordsPerSecond: result.ackedInWindow / (result.windowMs / 1000),
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    maxMs: result.maxMs,
    cpuSecondsPerThousand: (cpuSeconds / result.ackedTotal) * 1000,
    loadRssBytes,
    bytesPerRecord: (after.counters.writtenBytes - before.counters.writtenBytes) / result.ackedTotal,
    deviceBytesPerRecord: each(after.deviceBytes, before.deviceBytes),
    syncsPerRecord: each(after.syncs, before.syncs),
    loadCores: result.loadCores,
  };
}

function watchRss(pids: readonly number[]): { stop(): number } {
  let largest = rssBytesOf(pids);
  const timer = setInterval(() => {
    largest = Math.max(largest, rssBytesOf(pids));
  }, RSS_EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      return Math.max(largest, rssBytesOf(pids));
    },
  };
}

/** Waits until the processes have stopped writing (their own checkpoints done), for a few seconds at most. */
async function settled(pids: readonly number[]): Promise<void> {
  const limitMs = performance.now() + SETTLE_LIMIT_MS;
  let written = countersOf(pids).writtenBytes;
  while (performance.now() < limitMs) {
    await sleep(QUIET_MS);
    const now = countersOf(pids).writtenBytes;
    if (now === written) return;
    written = now;
  }
}

function tell(load: ChildProcess, message: ToLoad): void {
  load.send(message);
}

function heard<K extends FromLoad['kind']>(load: ChildProcess, kind: K): Promise<Extract<FromLoad, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      load.off('message', onMessage);
      load.off('exit', onExit);
    };
    const onExit = (): void => {
      done();
      reject(new Error('the load process ended early'));
    };
    const onMessage = (message: FromLoad): void => {
      done();
      if (message.kind === kind) resolve(message as Extract<FromLoad, { kind: K }>);
      else reject(new Error(message.kind === 'failed' ? message.message : `unexpected ${message.kind}`));
    };
    load.on('message', onMessage);
    load.on('exit', onExit);
  });
}
