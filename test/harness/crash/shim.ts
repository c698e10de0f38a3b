/**
 * Builds recorder.c and holds the test's side of it: the environment a recorded program needs and the control page
 * through which faults are ordered while it runs (layout: recorder_control.h).
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, renameSync, writeSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

const SOURCES = ['recorder.c', 'recorder_log.h', 'recorder_control.h', 'recorder_table.h', 'recorder_names.h'];
const PAGE_BYTES = 208;
const PATH_PART_AT = 80;
const PATH_PART_BYTES = 128;

/** Whether the recorder can be built here: Linux with gcc (`apt-get install -y gcc libc6-dev`). */
export function canBuildRecorder(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    execFileSync('gcc', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Path of the compiled recorder. Compiled once for each state of its sources. */
function buildRecorder(): string {
  const folder = import.meta.dirname;
  const hash = createHash('sha256');
  for (const source of SOURCES) hash.update(readFileSync(join(folder, source)));
  const cache = join(tmpdir(), `counterfoil-recorder-${process.getuid?.() ?? 0}`);
  const library = join(cache, `${hash.digest('hex').slice(0, 16)}.so`);
  if (existsSync(library)) return library;
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const fresh = `${library}.${process.pid}`;
  const options = ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror', '-U_FORTIFY_SOURCE'];
  execFileSync('gcc', [...options, '-o', fresh, join(folder, 'recorder.c'), '-ldl', '-lpthread'], { stdio: 'pipe' });
  renameSync(fresh, library);
  return library;
}

export interface FaultOrder {
  /** What the program gets to see. */
  readonly error: 'EIO' | 'ENOSPC';
  /** Calls that still succeed first; default 0. */
  readonly skip?: number;
  /** Calls that fail then; default: all that follow. */
  readonly times?: number;
}

/** One recorded program: owns the control page file and names the event log. */
export class Recorder {
  readonly logFile: string;
  readonly #controlFile: string;
  readonly #root: string;
  #fd = -1;

  /** `root`: directory whose files are recorded. `scratch`: existing directory outside it for the log, if one is kept. */
  constructor(root: string, scratch: string, keepLog = true) {
    this.#root = root;
    this.logFile = keepLog ? join(scratch, 'recorder.events') : '/dev/null';
    this.#controlFile = join(scratch, 'recorder.control');
  }

  start(): void {
    this.#fd = openSync(this.#controlFile, 'w+', 0o600);
    writeSync(this.#fd, Buffer.alloc(PAGE_BYTES), 0, PAGE_BYTES, 0);
  }

  /** What to add to the environment of the program under test. */
  environment(): Record<string, string> {
    return {
      LD_PRELOAD: buildRecorder(),
      CRASH_ROOT: this.#root,
      CRASH_LOG: this.logFile,
      CRASH_CONTROL: this.#controlFile,
    };
  }

  /** From now on writes to files whose path contains `pathPart` (with `$` at its end: ends with it) fail. */
  failWrites(order: FaultOrder, pathPart = ''): void {
    this.#setPathPart(pathPart);
    this.#setRule(0, order);
  }

  /** From now on fsync and fdatasync of files whose path contains `pathPart` fail. */
  failSyncs(order: FaultOrder, pathPart = ''): void {
    this.#setPathPart(pathPart);
    this.#setRule(12, order);
  }

  /** Syncs of files whose path contains `pathPart` report success and do nothing, as with a disk that lies. */
  ignoreSyncs(pathPart = ''): void {
    this.#setPathPart(pathPart);
    this.#set(24, 1);
  }

  /** Each sync takes at least this long, so that work done beside it shows. */
  delaySyncs(delayUs: number): void {
    this.#set(28, delayUs);
  }

  /** SIGKILL in place of the n-th recorded file call from now, n > 0. */
  killAtCall(n: number): void {
    this.#set(32, n);
  }

  /** File calls until the kill that was ordered; 0 when it has struck, or none was ordered. */
  callsUntilKill(): number {
    return this.#get(32);
  }

  clearFaults(): void {
    this.#set(0, 0);
    this.#set(12, 0);
  }

  /** How many calls were made to fail so far. */
  faultsGiven(): number {
    return this.#get(36);
  }

  /** Syncs of recorded files so far; moments for faults are chosen by it instead of by time. */
  syncsSeen(): number {
    return this.#get(44);
  }

  stop(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #setRule(at: number, order: FaultOrder): void {
    this.#set(at + 4, order.skip ?? 0);
    this.#set(at + 8, order.times ?? 0);
    this.#set(at, constants.errno[order.error]); // last: this is what arms the rule
  }

  #setPathPart(part: string): void {
    const field = Buffer.alloc(PATH_PART_BYTES);
    if (field.write(part) >= PATH_PART_BYTES) throw new Error('path part too long');
    writeSync(this.#fd, field, 0, PATH_PART_BYTES, PATH_PART_AT);
  }

  #set(at: number, value: number): void {
    const field = Buffer.alloc(4);
    field.writeUInt32LE(value);
    writeSync(this.#fd, field, 0, 4, at);
  }

  #get(at: number): number {
    const field = Buffer.alloc(4);
    readSync(this.#fd, field, 0, 4, at);
    return field.readUInt32LE();
  }
}
