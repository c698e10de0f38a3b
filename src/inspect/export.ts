/** `trail export`: the trails and all it takes to check them, for somebody who knows nothing of us. Same trail, same bytes. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { toUtcText } from '../base/clock.ts';
import { CounterfoilError } from '../base/errors.ts';
import { contentsJson, contentsText, type ExportedLog, publicKeyPem, staticFiles } from './bundle-text.ts';
import { hashHolds, newEntryLine, readLine, readMembers } from './entry-line.ts';
import { lineScanner, pieces } from './files.ts';
import { checkLog } from './log-check.ts';
import { parseNote, parseVerifierKey, type VerifierKey, verifierKeyText } from './note.ts';
import { readTrailFiles, type SegmentFile } from './segments.ts';
import type { BundleSink } from './tar.ts';
import { Tiles } from './tiles.ts';
import type { SegmentVerdict } from './verdict.ts';
import type { LogName } from './verify.ts';
import { windowText } from './window.ts';

export interface ExportTask {
  readonly logs: ReadonlyMap<LogName, string>;
  readonly key: VerifierKey | null;
  /** Only segments with entries from or up to this time; null: from the beginning, to the end. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly tiles: boolean;
  readonly onProgress?: (doneBytes: number) => void;
}

interface Plan extends ExportedLog {
  readonly directory: string;
  readonly files: readonly SegmentFile[];
  readonly windowJson: string | null;
  readonly cosigned: string | null;
}

/** What goes into an export, found by verifying the trails. */
export interface ExportPlan {
  readonly logs: readonly Plan[];
  /** Time of the newest entry, the time of all files. */
  readonly newestMs: number;
  readonly faultsTotal: number;
}

/** Verifies and chooses. @throws CounterfoilError `usage` when tiles are asked of a part, `storage_io`. */
export function planExport(task: ExportTask): ExportPlan {
  const isPart = task.fromMs !== null || task.toMs !== null;
  if (task.tiles && isPart) {
    throw new CounterfoilError('usage', 'tiles are made of a whole trail', 'Leave out --from and --to, or --tiles.');
  }
  const logs = [...task.logs].map(([log, directory]) => planLog(log, directory, task));
  const times = logs.map(({ lastTime }) => (lastTime === null ? 0 : Date.parse(lastTime)));
  return {
    logs,
    newestMs: Math.max(0, ...times),
    faultsTotal: logs.reduce((sum, { faultsTotal }) => sum + faultsTotal, 0),
  };
}

function planLog(log: LogName, directory: string, { fromMs, key, onProgress, toMs }: ExportTask): Plan {
  const { verdict, marks, cosigned } = checkLog({
    directory,
    log,
    trusted: key?.publicKey ?? null,
    witnessKeys: [],
    wantedRoots: [],
    wantedLeaves: [],
    scanner: lineScanner(onProgress),
    clockWords: [],
  });
  const { segments } = verdict;
  const [first, last] = chosen(segments, fromMs, toMs, (at) => marks.get(segments[at]?.n ?? -1)?.checkpoint?.size ?? 0);
  const kept = segments.slice(first, last + 1);
  const numbers = new Set(kept.map(({ n }) => n));
  const begins = first === 0 ? null : (marks.get(kept[0]?.n ?? -1)?.begins ?? null);
  const checkpoint = marks.get(kept.at(-1)?.n ?? -1)?.checkpoint ?? null;
  return {
    log,
    directory,
    segments: kept,
    files: readTrailFiles(directory)
      .segments.filter(({ n }) => numbers.has(n))
      .map((file) => sizedAs(file, kept)),
    leftOutBefore: segments.slice(0, first).map(({ n }) => n),
    leftOutAfter: segments.slice(last + 1).map(({ n }) => n),
    windowJson: begins === null ? null : windowText(begins),
    checkpoint: checkpoint?.note ?? null,
    cosigned: last === segments.length - 1 ? cosigned : null,
    keys: verdict.epochs.map((epoch) => epoch.key),
    faultsTotal: verdict.faults_total,
    lastTime:
      kept
        .map(({ last_time }) => last_time)
        .filter((time) => time !== null)
        .at(-1) ?? null,
    entries: kept.reduce((sum, { entries }) => sum + entries, 0),
  };
}

/** A gateway at work may have written since: what was verified is what is exported. */
function sizedAs(file: SegmentFile, verified: readonly SegmentVerdict[]): SegmentFile {
  return { ...file, bytes: verified.find(({ n }) => n === file.n)?.bytes ?? file.bytes };
}

/** First and last place of the segments to keep: those of the time asked for, and on to one with a checkpoint that covers them. */
function chosen(
  segments: readonly SegmentVerdict[],
  fromMs: number | null,
  toMs: number | null,
  coveredAt: (at: number) => number,
): [number, number] {
  const end = segments.length - 1;
  const reaches = segments.findIndex(
    ({ last_time }) => last_time !== null && (fromMs === null || last_time >= toUtcText(fromMs)),
  );
  const first = fromMs === null ? 0 : reaches === -1 ? Math.max(0, end) : reaches;
  const begun = segments.findLastIndex(
    ({ first_time }) => first_time !== null && (toMs === null || first_time <= toUtcText(toMs)),
  );
  const wanted = toMs === null ? end : Math.max(first, begun);
  const size = segments
    .slice(first, wanted + 1)
    .reduce((max, { entries, first_index }) => Math.max(max, (first_index ?? 0) + entries), 0);
  for (let at = wanted; at <= end; at += 1) if (coveredAt(at) >= size) return [first, at];
  return [first, end];
}

/** Writes the planned export. The sink is finished, or abandoned when something goes wrong. */
export function writeExport(plan: ExportPlan, tiles: boolean, sink: BundleSink): void {
  const sums: string[] = [];
  const add = (name: string, bytes: Buffer | string): void => {
    sink.add(name, bytes);
    sums.push(`${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`);
  };
  const addFile = (name: string, path: string, length: number): void => {
    sink.addFile(name, path, length);
    sums.push(`${fileSum(path, length)}  ${name}\n`);
  };
  try {
    for (const [name, text] of staticFiles(contentsText(plan.logs))) add(name, text);
    addKeys(plan, add);
    for (const log of plan.logs) addLog(log, tiles, add, addFile);
    add('contents.json', contentsJson(plan.logs));
    sink.add('SHA256SUMS', sums.sort((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1)).join(''));
    sink.finish();
  } catch (error) {
    sink.abandon();
    throw error;
  }
}

type Add = (name: string, bytes: Buffer | string) => void;

function addKeys({ logs }: ExportPlan, add: Add): void {
  const keys = logs
    .flatMap((log) => log.keys)
    .map(parseVerifierKey)
    .filter((key) => key !== null);
  add('keys.txt', keys.map((key) => `${verifierKeyText(key)}\n`).join(''));
  const pems = [...new Set(keys.map(({ publicKey }) => publicKeyPem(publicKey)))];
  // The newest signs the newest checkpoints; earlier ones are numbered from the first.
  for (const [at, pem] of pems.reverse().entries()) add(at === 0 ? 'key.pem' : `key-before-${at}.pem`, pem);
}

function addLog(
  plan: Plan,
  tiles: boolean,
  add: Add,
  addFile: (name: string, path: string, length: number) => void,
): void {
  const { checkpoint, cosigned, files, log, windowJson } = plan;
  if (windowJson !== null) add(`${log}/window.json`, windowJson);
  // A folder without a file would be lost in a tar file, and its absence would look like a removed trail.
  if (files.length === 0) add(`${log}/EMPTY`, 'No segment had been begun in this trail.\n');
  for (const { path, bytes } of files) addFile(`${log}/${basename(path)}`, path, bytes);
  const note = checkpoint === null ? null : parseNote(checkpoint);
  if (checkpoint !== null && note !== null) {
    add(`${log}/checkpoint`, checkpoint);
    add(`${log}/checkpoint.text`, note.text);
    add(`${log}/checkpoint.sig`, note.signatures[0]?.bytes ?? Buffer.alloc(0));
    if (tiles) addTiles(plan, Number(note.text.split('\n')[1]), add);
  }
  if (cosigned !== null) add(`${log}/cosigned-checkpoint`, cosigned);
}

/** Tiles of the tree that the checkpoint is of. */
function addTiles({ directory, files, log }: Plan, size: number, add: Add): void {
  const made = new Tiles((name, bytes) => add(`${log}/${name}`, bytes));
  const { framings, told } = readTrailFiles(directory);
  const line = newEntryLine();
  const scanner = lineScanner();
  let index = 0;
  for (const { n, path, bytes } of files) {
    const framing = framings.get(n);
    const from = typeof framing === 'object' ? framing.bytes : 0;
    scanner.scan(path, from, Math.min(bytes, told.get(n)?.pv ?? bytes), (buffer, start, end) => {
      if (index >= size) return false;
      if (!readLine(line, buffer, start, end) || !hashHolds(line) || !readMembers(line) || line.index !== index)
        return true;
      made.take(buffer.subarray(line.from, line.to), line.leaf);
      index += 1;
      return true;
    });
  }
  made.end();
}

function fileSum(path: string, length: number): string {
  const digest = createHash('sha256');
  for (const piece of pieces(path, 0, length)) digest.update(piece);
  return digest.digest('hex');
}
