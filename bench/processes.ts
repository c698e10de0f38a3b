/** Starting and ending the processes the benchmark owns. Each is ended by its own process id, never by name. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Children whose end was asked for; any other end is told. */
const ending = new WeakSet<ChildProcess>();
/** Every child that runs now, so that an interrupted benchmark leaves none behind. */
const running = new Set<ChildProcess>();
let interrupted = false;
const TERM_LIMIT_MS = 20_000;
/** The last lines a process printed, for the error message when it does not come up. */
const TAIL_LINES = 12;

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** How long it may take until `ready`. */
  readonly limitMs?: number;
}

/** A child that is up, with the line that said so (empty when it was found by its port). */
export interface Launched {
  readonly pid: number;
  readonly readyLine: string;
  readonly readyMs: number;
  stop(): Promise<void>;
}

/**
 * Starts a process and waits until one of its output lines passes `ready`, or until its TCP port answers. When
 * it ends later without being asked to, its last lines go to standard error.
 * @throws Error with the process's last lines when it ends or stays silent instead; it is then stopped.
 */
export async function launch(what: Launch, ready: ((line: string) => boolean) | { port: number }): Promise<Launched> {
  if (interrupted) throw new Error('interrupted');
  const startedAtMs = performance.now();
  const env = { ...process.env, ...what.env };
  const child = spawn(what.command, what.args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const tail: string[] = [];
  const stop = (): Promise<void> => end(child);
  try {
    const readyLine = await Promise.race([
      typeof ready === 'function' ? lineThat(child, tail, ready) : portThat(child, tail, ready.port),
      failureOf(child, what, tail),
    ]);
    if (child.pid === undefined) throw new Error(`${what.command} has no process id`);
    tellUnexpectedEnd(child, what, tail);
    return { pid: child.pid, readyLine, readyMs: performance.now() - startedAtMs, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function tellUnexpectedEnd(child: ChildProcess, what: Launch, tail: readonly string[]): void {
  child.once('exit', (code, signal) => {
    if (ending.has(child)) return;
    process.stderr.write(
      `${what.command} ended by itself with ${signal ?? code}; its last lines:\n${tail.join('\n')}\n`,
    );
  });
}

/** Keeps reading both outputs for as long as the process lives, so that it never blocks on a full pipe. */
function readLines(child: ChildProcess, tail: string[], onLine: (line: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      onLine(line);
    });
  }
}

function lineThat(child: ChildProcess, tail: string[], isReady: (line: string) => boolean): Promise<string> {
  return new Promise((resolve) => {
    readLines(child, tail, (line) => {
      if (isReady(line)) resolve(line);
    });
  });
}

async function portThat(child: ChildProcess, tail: string[], port: number): Promise<string> {
  readLines(child, tail, () => {});
  while (child.exitCode === null && child.signalCode === null) {
    if (await answersOn(port)) return '';
    await sleep(20);
  }
  return new Promise(() => {});
}

function failureOf(child: ChildProcess, what: Launch, tail: readonly string[]): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (how: string): void => reject(new Error(`${what.command} ${how}:\n${tail.join('\n')}`));
    const timer = setTimeout(() => fail('did not get ready in time'), what.limitMs ?? 30_000);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      fail(`ended with ${signal ?? code}`);
    });
    timer.unref();
  });
}

function answersOn(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Ends everything that runs and lets nothing start any more; whoever waits for a server sees it end. */
export async function interrupt(): Promise<void> {
  interrupted = true;
  await Promise.all([...running].map(end));
}

/** True once `interrupt` was called: what was measured since is worthless. */
export function wasInterrupted(): boolean {
  return interrupted;
}

/** SIGTERM, and SIGKILL after a while; resolves when the process is gone. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  ending.add(child);
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), TERM_LIMIT_MS);
  await gone;
  clearTimeout(timer);
}

/** A TCP port on 127.0.0.1 that was free a moment ago, for servers that cannot report a port they chose themselves. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Version of an installed Debian package, or null. */
export async function debianVersion(name: string): Promise<string | null> {
  const text = await outputOf('dpkg-query', ['-W', name]).catch(() => '');
  return text.trim().split('\t')[1] ?? null;
}

/** Standard output of a short command; throws when it fails or cannot be found. */
export async function outputOf(
  command: string,
  args: readonly string[],
  env?: Record<string, string>,
): Promise<string> {
  const run = promisify(execFile);
  const { stdout } = await run(command, [...args], { env: { ...process.env, ...env }, timeout: 60_000 });
  return stdout;
}
