/**
 * `counterfoil tail`: what happens on a gateway, as it happens. Entries of both trails, and with --log what the service
 * writes into the system's journal. Both hold numbers, hashes and names only; neither has room for what a record says.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { Command } from 'commander';
import { type Filter, type Position, readEntries, type ShownEntry } from '../../inspect/entries.ts';
import { oneLine } from '../../inspect/one-line.ts';
import { findLogs, type LogName } from '../../inspect/verify.ts';
import { stopSignal } from '../stop-signal.ts';
import { type CommandIo, processIo } from './io.ts';
import { logLine } from './log-line.ts';
import { logNamed, trailDirectory, whole, withPlace } from './trail-place.ts';

const LOOK_AGAIN_MS = 500;
const ALL: Filter = {
  kinds: null,
  fromMs: null,
  toMs: null,
  firstIndex: 0,
  lastIndex: Number.POSITIVE_INFINITY,
  sequence: null,
};

interface TailFlags {
  readonly config?: string;
  readonly log?: string;
  readonly kind?: readonly string[];
  readonly lines: string;
  readonly unit?: string;
  readonly follow: boolean;
  readonly json?: boolean;
}

/** The `tail` command; goes on until Ctrl-C, with --no-follow it ends after the last lines. */
export function tailCommand(io: CommandIo = processIo, ended: () => Promise<unknown> = stopSignal): Command {
  return withPlace(new Command('tail'))
    .description('follow what happens: the entries of the trails, one line each; no record data')
    .option('--kind <kind...>', 'only entries of these kinds')
    .option('--lines <number>', 'begin with so many of what is there', '10')
    .option('--unit <name>', 'also what this systemd unit logs, such as counterfoil (journalctl)')
    .option('--no-follow', 'end after what is there now')
    .option('--json', 'print entries and log lines as they are written')
    .action(async (directory: string | undefined, flags: TailFlags) => await tail(io, directory, flags, ended));
}

async function tail(
  io: CommandIo,
  named: string | undefined,
  flags: TailFlags,
  ended: () => Promise<unknown>,
): Promise<void> {
  const logs = findLogs(trailDirectory(named, flags.config, io.env), logNamed(flags.log));
  const lines = whole(flags.lines, '--lines');
  const filter = flags.kind === undefined ? ALL : { ...ALL, kinds: new Set(flags.kind) };
  const places = new Map<LogName, Position>([...logs.keys()].map((log) => [log, { segment: 0, offset: 0 }]));
  const read = (onEntry: (entry: ShownEntry) => void) => {
    for (const [log, directory] of logs)
      readEntries(directory, log, filter, places.get(log) ?? { segment: 0, offset: 0 }, (entry) => {
        onEntry(entry);
        return true;
      });
  };
  const print = (entry: ShownEntry) =>
    io.write(`${flags.json === true ? entry.text : oneLine(entry, logs.size > 1)}\n`);
  for (const entry of latest(read, lines)) print(entry);
  if (!flags.follow) return;
  const ending = new AbortController();
  void ended().then(() => ending.abort());
  const journal = flags.unit === undefined ? null : followJournal(flags.unit, flags.json === true, io);
  try {
    while (!ending.signal.aborted) {
      read(print);
      await pause(LOOK_AGAIN_MS, undefined, { signal: ending.signal }).catch(() => {});
    }
  } finally {
    journal?.();
  }
}

/** The last entries of all trails together, in the order of their times. */
function latest(read: (onEntry: (entry: ShownEntry) => void) => void, count: number): ShownEntry[] {
  const kept = new Map<string, ShownEntry[]>();
  read((entry) => {
    const list = kept.get(entry.log) ?? [];
    kept.set(entry.log, list);
    list.push(entry);
    // A long trail is read through, not held.
    if (list.length > 2 * count) list.splice(0, list.length - count);
  });
  const merged = [...kept.values()].flat().toSorted((a, b) => a.utcMs - b.utcMs || a.index - b.index);
  return count === 0 ? [] : merged.slice(-count);
}

/** Follows a unit's log; the returned function ends it. */
function followJournal(unit: string, asJson: boolean, io: CommandIo): () => void {
  const journal = spawn('journalctl', ['--unit', unit, '--follow', '--lines=0', '--output=cat'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  journal.on('error', (error) => {
    process.stderr.write(`counterfoil: journalctl cannot be run (${error.message}): only the trails are followed\n`);
  });
  createInterface({ input: journal.stdout }).on('line', (line) => io.write(`${asJson ? line : logLine(line)}\n`));
  return () => void journal.kill();
}
