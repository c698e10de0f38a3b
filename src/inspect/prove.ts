/**
 * `trail prove`: the proof that one record was taken in, as a file that stands for itself: the entry, where it stands, and the hashes
 * that lead from it to a signed checkpoint, and from that to a newer one.
 */
import { CounterfoilError } from '../base/errors.ts';
import { type Filter, readEntries, type ShownEntry } from './entries.ts';
import { lineScanner } from './files.ts';
import { checkLog, type LogResult, type LogTask } from './log-check.ts';
import { leafHash } from './merkle.ts';
import { type Checkpoint, parseCheckpoint, parseNote, type VerifierKey } from './note.ts';
import { consistencyRanges, inclusionRanges, RangeHashes } from './proof.ts';
import { PROOF_FORMAT, type TrailProof } from './proof-file.ts';
import type { LogVerdict } from './verdict.ts';
import type { LogName } from './verify.ts';

/** Which entry is meant: the one that took in a record, or the one a receipt names. */
export type Wanted =
  | { readonly sequence: number; readonly epoch: string | null }
  | { readonly log: string; readonly index: number };

export interface ProveTask {
  readonly logs: ReadonlyMap<LogName, string>;
  readonly wanted: Wanted;
  readonly key: VerifierKey | null;
  /** Checkpoint to which the proof leads (its note); null: the newest of the trail. */
  readonly checkpoint: string | null;
  /** Whether to lead on from that to the newest checkpoint of the trail. */
  readonly toNewest: boolean;
}

const NO_FILTER: Filter = {
  kinds: null,
  fromMs: null,
  toMs: null,
  firstIndex: 0,
  lastIndex: Number.POSITIVE_INFINITY,
  sequence: null,
};

/** @throws CounterfoilError `usage` when there is nothing to prove or no checkpoint for it, `trail_damaged` when the trail does not hold. */
export function proveEntry(task: ProveTask): TrailProof {
  const { entry, directory } = find(task);
  const taskOf = (more: Partial<LogTask>): LogTask => ({
    directory,
    log: entry.log,
    trusted: task.key?.publicKey ?? null,
    witnessKeys: [],
    wantedRoots: [],
    wantedLeaves: [],
    scanner: lineScanner(),
    clockWords: [],
    ...more,
  });
  const named = task.checkpoint === null ? null : checkpointIn(task.checkpoint);
  const checked = checkLog(taskOf({ wantedRoots: named === null ? [] : [named.size] }));
  mustHold(checked.verdict, entry.log);
  const newest = checked.verdict.checkpoints.newest;
  const target = named ?? newest;
  const note = task.checkpoint ?? newest?.note;
  if (target === null || note === undefined || target.size <= entry.index) throw tooEarly(entry);
  if (named !== null) mustAgree(named, checked);
  const goesOn = task.toNewest && newest !== null && newest.size > target.size ? newest : null;
  const inclusion = new RangeHashes(inclusionRanges(entry.index, target.size));
  const consistency = new RangeHashes(goesOn === null ? [] : consistencyRanges(target.size, goesOn.size));
  const onLeaf = (index: number, leaf: Buffer) => {
    inclusion.take(index, leaf);
    consistency.take(index, leaf);
  };
  checkLog(taskOf({ onLeaf }));
  return {
    format: PROOF_FORMAT,
    log: entry.log,
    ...('sequence' in task.wanted ? { sequence: task.wanted.sequence } : {}),
    entry: entry.text,
    index: entry.index,
    leaf: leafHash(Buffer.from(entry.text)).toString('base64'),
    checkpoint: note,
    inclusion: base64(inclusion),
    newer: goesOn === null ? null : { checkpoint: goesOn.note, consistency: base64(consistency) },
    keys: checked.verdict.epochs.map(({ key }) => key),
  };
}

function find({ logs, wanted }: ProveTask): { entry: ShownEntry; directory: string } {
  for (const [log, directory] of logs) {
    if ('log' in wanted && wanted.log !== log) continue;
    const entry =
      'log' in wanted
        ? byIndex(directory, log, wanted.index)
        : bySequence(directory, log, wanted.sequence, wanted.epoch);
    if (entry !== null) return { entry, directory };
  }
  const what =
    'log' in wanted ? `entry ${wanted.index} of ${wanted.log}` : `an entry that takes in record ${wanted.sequence}`;
  throw new CounterfoilError(
    'usage',
    `there is no ${what} in this trail`,
    'A record taken in a moment ago may not be in the segments yet; else check the number, and with --epoch the epoch.',
  );
}

function byIndex(directory: string, log: string, index: number): ShownEntry | null {
  let found: ShownEntry | null = null;
  readEntries(
    directory,
    log,
    { ...NO_FILTER, firstIndex: index, lastIndex: index },
    { segment: 0, offset: 0 },
    (entry) => {
      found = entry;
      return false;
    },
  );
  return found;
}

/** The newest intake of that number: numbers begin again with each epoch, whose origin the entries `trail_key` tell. */
function bySequence(directory: string, log: string, sequence: number, epoch: string | null): ShownEntry | null {
  const kinds = new Set(['intake', 'trail_key']);
  let present: string | null = null;
  let found: ShownEntry | null = null;
  readEntries(directory, log, { ...NO_FILTER, kinds }, { segment: 0, offset: 0 }, (entry) => {
    if (entry.kind === 'trail_key') present = String(entry.body.origin).split('/').at(-2) ?? null;
    else if ((epoch === null || epoch === present) && takesIn(entry, sequence)) found = entry;
    return true;
  });
  return found;
}

function takesIn({ body }: ShownEntry, sequence: number): boolean {
  return (
    Array.isArray(body.records) &&
    body.records.some((record: unknown) => Array.isArray(record) && record[0] === sequence)
  );
}

function checkpointIn(text: string): Checkpoint {
  const note = parseNote(text);
  const checkpoint = note === null ? null : parseCheckpoint(note.text);
  if (checkpoint !== null) return checkpoint;
  throw new CounterfoilError(
    'usage',
    'that is no checkpoint',
    'Give the file that holds the signed note as the till or the PMS has it.',
  );
}

function mustHold({ faults }: LogVerdict, log: string): void {
  const [fault] = faults;
  if (fault === undefined) return;
  throw new CounterfoilError(
    'trail_damaged',
    `trail ${log} does not hold: ${fault.message}`,
    'Look at it with counterfoil trail verify.',
  );
}

function mustAgree({ origin, size, root }: Checkpoint, { roots }: LogResult): void {
  if (roots.get(size)?.equals(root) === true) return;
  throw new CounterfoilError(
    'trail_damaged',
    `the checkpoint of ${origin} over ${size} entries is not one of this trail`,
    'Give it to counterfoil trail verify --witness to see in what way.',
  );
}

function tooEarly({ index, log }: ShownEntry): CounterfoilError {
  return new CounterfoilError(
    'usage',
    `no checkpoint covers entry ${index} of ${log} yet`,
    'Wait for the next checkpoint, or name one that is newer than the entry.',
  );
}

function base64(hashes: RangeHashes): string[] {
  const proof = hashes.proof();
  if (proof !== null) return proof.map((hash) => hash.toString('base64'));
  throw new CounterfoilError(
    'usage',
    'a proof needs the whole trail, and its beginning is left out here',
    'Make the proof from the trail itself, or from an export without --from.',
  );
}
