/** `trail verify`: both trails of a directory, and what witnesses hold against them. Needs nothing but the files. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CounterfoilError } from '../base/errors.ts';
import { archiveFilesOf, checkArchive, notChecked } from './archive-check.ts';
import { attempt, lineScanner } from './files.ts';
import { checkLog, type LogResult } from './log-check.ts';
import type { VerifierKey } from './note.ts';
import { readTrailFiles } from './segments.ts';
import type { WitnessFile } from './statements.ts';
import type { ClockWord } from './times.ts';
import type { ArchiveVerdict, LogVerdict, Remark, TrailVerdict } from './verdict.ts';
import { judgeWitnesses, wantedOf } from './witness.ts';

export const LOGS = ['audit', 'schedule_two'] as const;
export type LogName = (typeof LOGS)[number];

export interface VerifyTask {
  readonly directory: string;
  /** Null: both. */
  readonly log: LogName | null;
  /** The key that signs, brought from outside; null: the trail's own word. */
  readonly key: VerifierKey | null;
  readonly witnesses: readonly WitnessFile[];
  /** Leaves the archive's files out: a copy without them. */
  readonly withoutArchive?: boolean;
  /** Bytes read so far, and in all. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/**
 * Where the trails of a directory are: below it by their names, or the directory itself.
 * @throws CounterfoilError `usage` when there is none.
 */
export function findLogs(directory: string, log: LogName | null): Map<LogName, string> {
  const wanted = LOGS.filter((name) => log === null || log === name);
  const below = wanted.filter((name) => existsSync(join(directory, name)));
  if (below.length > 0) return new Map(wanted.map((name) => [name, join(directory, name)]));
  const own = LOGS.find((name) => name === basename(resolve(directory))) ?? log;
  const isOne =
    existsSync(directory) &&
    attempt(directory, () => readdirSync(directory)).some((name) => /^s\d{8}\.log$/.test(name));
  if (isOne && own !== null && wanted.includes(own)) return new Map([[own, directory]]);
  throw new CounterfoilError(
    'usage',
    `there is no trail in ${directory}`,
    'Name the directory that holds "audit" and "schedule_two" (trail_dir of the gateway), or one of these with --log.',
  );
}

/** Verifies. Memory does not grow with the trail. @throws CounterfoilError `usage`, `storage_io`. */
export function verifyTrail(task: VerifyTask): TrailVerdict {
  const logs = findLogs(task.directory, task.log);
  const archiveDirectory = archiveOf(task, logs);
  const onBytes = progressOf(logs, archiveDirectory, task);
  const scanner = lineScanner(onBytes);
  const witnessKeys = task.witnesses.flatMap(({ keys }) => keys).filter(({ isWitness }) => isWitness);
  const results = new Map<string, LogResult>();
  let clockWords: readonly ClockWord[] = [];
  for (const [log, directory] of logs) {
    const wanted = wantedOf(task.witnesses, log);
    const trusted = task.key?.publicKey ?? null;
    const result = checkLog({
      directory,
      log,
      trusted,
      witnessKeys,
      wantedRoots: wanted.roots,
      wantedLeaves: wanted.leaves,
      scanner,
      clockWords,
    });
    results.set(log, result);
    clockWords = result.clockWords;
  }
  const witnesses = judgeWitnesses(task.witnesses, results, witnessKeys);
  const missing = recordsMissing(results);
  const archive = archiveVerdict(archiveDirectory, results, onBytes);
  const verdicts = [...results].map(
    ([log, { verdict }]) => [log, log === 'audit' ? withRemarks(verdict, missing) : verdict] as const,
  );
  return {
    ok:
      verdicts.every(([, { faults_total }]) => faults_total === 0) &&
      witnesses.every(({ verdict }) => verdict === 'proven') &&
      (archive?.faults_total ?? 0) === 0,
    logs: Object.fromEntries(verdicts),
    witnesses,
    archive,
    key_given: task.key !== null,
  };
}

/** Where the archive must be; null when it is not to be looked at. An export has none, nor has one trail's folder alone. */
function archiveOf({ directory, withoutArchive }: VerifyTask, logs: ReadonlyMap<LogName, string>): string | null {
  const isWhole = [...logs.values()].every((folder) => dirname(resolve(folder)) === resolve(directory));
  const folder = join(directory, 'archive');
  const isExport = existsSync(join(directory, 'contents.json')) && !existsSync(folder);
  return withoutArchive === true || isExport || !isWhole ? null : folder;
}

function archiveVerdict(
  directory: string | null,
  results: ReadonlyMap<string, LogResult>,
  onBytes: (bytes: number) => void,
): ArchiveVerdict | null {
  const told = new Map([...results].map(([log, { archive }]) => [log, archive]));
  if (directory !== null) return checkArchive({ directory, told, onBytes });
  const verdict = notChecked(told);
  return verdict.frames_told + verdict.months_ended === 0 ? null : verdict;
}

function progressOf(
  logs: ReadonlyMap<LogName, string>,
  archive: string | null,
  { onProgress }: VerifyTask,
): (bytes: number) => void {
  if (onProgress === undefined) return () => undefined;
  const sizes = [...logs.values()].flatMap((directory) =>
    existsSync(directory) ? readTrailFiles(directory).segments : [],
  );
  const files = archive === null ? [] : archiveFilesOf(archive, logs.keys()).map((file) => join(archive, file));
  const archiveBytes = files.reduce((sum, file) => sum + attempt(file, () => statSync(file)).size, 0);
  const totalBytes = sizes.reduce((sum, { bytes }) => sum + bytes, archiveBytes);
  let doneBytes = 0;
  return (bytes) => {
    doneBytes += bytes;
    onProgress(Math.min(doneBytes, totalBytes), totalBytes);
  };
}

/**
 * Records are numbered through both trails without gaps in each epoch. What neither tells of was on its way to a segment when power went
 * or the copy was made, or was cut off: only a remark, but for somebody without a witness the one trace of a trail that ends too soon.
 */
function recordsMissing(results: ReadonlyMap<string, LogResult>): Remark[] {
  const [audit, scheduleTwo] = LOGS.map((log) => results.get(log));
  if (audit === undefined || scheduleTwo === undefined) return [];
  if (audit.verdict.first_index > 0 || scheduleTwo.verdict.first_index > 0) return [];
  return audit.taken.flatMap((one, at) => {
    const other = scheduleTwo.taken[at] ?? { count: 0, first: one.first, last: 0 };
    const last = Math.max(one.last, other.last);
    // A later epoch's first numbers are those of the records it takes along, which were taken in before.
    const first = at === 0 ? 1 : Math.min(one.first, other.first);
    const missing = last === 0 ? 0 : last - first + 1 - one.count - other.count;
    if (missing === 0) return [];
    const message = `records ${first} to ${last} were taken in, but the two trails tell of ${one.count + other.count} of these ${last - first + 1} numbers: a trail ends too soon, or what came last was not in a segment yet`;
    return [{ code: 'records_missing' as const, segment: null, index: null, message }];
  });
}

function withRemarks(verdict: LogVerdict, remarks: readonly Remark[]): LogVerdict {
  return {
    ...verdict,
    remarks: [...verdict.remarks, ...remarks],
    remarks_total: verdict.remarks_total + remarks.length,
  };
}
