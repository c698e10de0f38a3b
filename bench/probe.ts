/** What the kernel knows about a server's processes: /proc(5), and the block device under a directory. */
import { readdirSync, readFileSync, statSync } from 'node:fs';

/** USER_HZ: the unit of times in /proc/PID/stat, 100 on every Linux this runs on. */
const TICKS_PER_SECOND = 100;
const SECTOR_BYTES = 512;

/** Sums over a set of processes since each began. */
export interface Counters {
  readonly cpuSeconds: number;
  /** Bytes the processes caused to be sent to storage (pages made dirty). */
  readonly writtenBytes: number;
}

/** The text of a /proc file, or null when the process is gone. */
function readProc(path: string): string | null {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return null;
  }
}

/** Fields of /proc/PID/stat after the command name, which may hold blanks and brackets itself: [0] is the state. */
function statFields(pid: number): string[] | null {
  const text = readProc(`${pid}/stat`);
  return text === null ? null : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** The given processes and all their descendants that are alive now. */
export function processTree(roots: readonly number[]): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const parent = Number(statFields(pid)?.[1] ?? 0);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = [...roots];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

function numberAfter(text: string | null, label: string): number {
  const line = text?.split('\n').find((candidate) => candidate.startsWith(label));
  return line === undefined ? 0 : Number.parseInt(line.slice(label.length), 10);
}

/** CPU time (user and system) and bytes written of the processes. */
export function countersOf(pids: readonly number[]): Counters {
  let ticks = 0;
  let writtenBytes = 0;
  for (const pid of pids) {
    const fields = statFields(pid);
    ticks += Number(fields?.[11] ?? 0) + Number(fields?.[12] ?? 0);
    writtenBytes += numberAfter(readProc(`${pid}/io`), 'write_bytes:');
  }
  return { cpuSeconds: ticks / TICKS_PER_SECOND, writtenBytes };
}

/** Sum of VmRSS in bytes; pages that processes share count once for each. */
export function rssBytesOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + numberAfter(readProc(`${pid}/status`), 'VmRSS:') * 1024, 0);
}

/** Bytes written since boot to the block device that holds `directory`; null where the kernel shows none. */
export function deviceWrittenBytes(directory: string): number | null {
  const { dev } = statSync(directory);
  const major = (dev >> 8) & 0xfff;
  const minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);
  try {
    const fields = readFileSync(`/sys/dev/block/${major}:${minor}/stat`, 'utf8').trim().split(/\s+/);
    return Number(fields[6]) * SECTOR_BYTES;
  } catch {
    return null;
  }
}
