/** Small whole trails, ways to alter their files, and what verify says of them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { parseVerifierKey } from '../../src/inspect/note.ts';
import { readWitness } from '../../src/inspect/statements.ts';
import type { LogVerdict, TrailVerdict } from '../../src/inspect/verdict.ts';
import { type LogName, verifyTrail } from '../../src/inspect/verify.ts';
import { type MadeKey, TrailMaker, verifierKey } from './trail-maker.ts';

export interface MadeTrail {
  readonly directory: string;
  readonly audit: TrailMaker;
  readonly scheduleTwo: TrailMaker;
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-inspect-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Two trails, just begun. */
export function begunTrail(directory = temporaryFolder()): MadeTrail {
  const audit = new TrailMaker(directory).begin();
  const scheduleTwo = new TrailMaker(directory, { log: 'schedule_two', key: audit.key }).begin();
  return { directory, audit, scheduleTwo };
}

/** `entries` intake entries and, after every tenth, a checkpoint. */
export function fill(maker: TrailMaker, entries: number): void {
  for (let k = 1; k <= entries; k += 1) {
    maker.intake(1 + (k % 3));
    if (k % 10 === 0) maker.checkpoint();
  }
}

/** Two segments of audit, one of schedule_two, all well, all in the files. */
export function wholeTrail(directory?: string): MadeTrail {
  const trail = begunTrail(directory);
  fill(trail.audit, 20);
  trail.audit.roll();
  fill(trail.audit, 20);
  fill(trail.scheduleTwo, 10);
  end(trail);
  return trail;
}

export function end({ audit, scheduleTwo }: MadeTrail): void {
  audit.end();
  scheduleTwo.end();
}

export interface Judged {
  readonly key?: MadeKey;
  readonly log?: LogName;
  /** Texts of witness files. */
  readonly witnesses?: readonly string[];
}

export function judge({ directory, audit }: MadeTrail, { key, log, witnesses = [] }: Judged = {}): TrailVerdict {
  return verifyTrail({
    directory,
    log: log ?? null,
    key: key === undefined ? null : parseVerifierKey(verifierKey(audit.origin, key)),
    witnesses: witnesses.map((text, at) => readWitness(`witness-${at}`, text)),
  });
}

export function logOf(verdict: TrailVerdict, log: LogName = 'audit'): LogVerdict {
  const found = verdict.logs[log];
  if (found === undefined) throw new Error(`no verdict on ${log}`);
  return found;
}

/** Faults in short: `code segment:offset #index`. */
export function faultsOf(verdict: TrailVerdict, log: LogName = 'audit'): string[] {
  return logOf(verdict, log).faults.map(({ code, segment, offset, index }) => `${code} ${segment}:${offset} #${index}`);
}

/** Lines of a segment with their line ends, and where each begins. */
export function linesOf(path: string): { text: string; offset: number }[] {
  let offset = 0;
  return readFileSync(path, 'latin1')
    .split(/(?<=\n)/)
    .map((text) => {
      const line = { text, offset };
      offset += text.length;
      return line;
    });
}

/** The line of entry `index` in a segment. */
export function lineOf(path: string, index: number): { text: string; offset: number } {
  const found = linesOf(path).find(({ text }) => text.includes(`"i":${index},`));
  if (found === undefined) throw new Error(`no entry ${index} in ${path}`);
  return found;
}

/** Rewrites a file as text of bytes. */
export function alter(path: string, change: (text: string) => string): void {
  const text = readFileSync(path, 'latin1');
  const changed = change(text);
  if (changed === text) throw new Error('the file was not altered');
  writeFileSync(path, changed, 'latin1');
}
