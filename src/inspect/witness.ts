/** Judges what witnesses hold against the trail: somebody outside has seen it, and the box cannot take that back. */
import type { LogResult } from './log-check.ts';
import { isSignedBy, type VerifierKey } from './note.ts';
import type { CheckpointStatement, ReceiptStatement, Statement, WitnessFile } from './statements.ts';
import type { WitnessFinding, WitnessVerdict, WitnessWord } from './verdict.ts';

const MAX_FINDINGS = 50;
const WORST_FIRST: readonly WitnessWord[] = ['contradicted', 'ahead', 'unusable', 'proven'];
const ORIGIN = /^(.+)\/[0-9a-f]{8}\/([a-z_]+)$/;

/** Sizes and indexes to look out for while a log is read; ascending, each once. */
export function wantedOf(files: readonly WitnessFile[], log: string): { roots: number[]; leaves: number[] } {
  const roots = new Set<number>();
  const leaves = new Set<number>();
  for (const statement of files.flatMap(({ statements }) => statements)) {
    if (logOf(statement) !== log) continue;
    if (statement.kind === 'receipt') leaves.add(statement.index);
    else roots.add(statement.checkpoint.size);
  }
  const ascending = (numbers: Set<number>) => [...numbers].sort((a, b) => a - b);
  return { roots: ascending(roots), leaves: ascending(leaves) };
}

/** One verdict for each file. */
export function judgeWitnesses(
  files: readonly WitnessFile[],
  results: ReadonlyMap<string, LogResult>,
  witnessKeys: readonly VerifierKey[],
): WitnessVerdict[] {
  return files.map(({ file, statements, keys }) => {
    const findings = statements.map((statement) => judge(statement, results, witnessKeys));
    if (findings.length === 0) findings.push(withoutStatement(keys));
    return summary(file, findings);
  });
}

function summary(file: string, findings: readonly WitnessFinding[]): WitnessVerdict {
  const counts = { proven: 0, contradicted: 0, ahead: 0, unusable: 0 };
  for (const { verdict } of findings) counts[verdict] += 1;
  const verdict = WORST_FIRST.find((word) => counts[word] > 0) ?? 'unusable';
  const notable = findings.filter((finding) => finding.verdict !== 'proven');
  const shown = notable.length > 0 ? notable.slice(0, MAX_FINDINGS) : newestOf(findings);
  return { file, verdict, counts, findings: shown };
}

/** The proven finding that reaches furthest in each trail. */
function newestOf(findings: readonly WitnessFinding[]): WitnessFinding[] {
  const newest = new Map<string, WitnessFinding>();
  for (const finding of findings) {
    const key = `${finding.kind} ${finding.log}`;
    if ((newest.get(key)?.at ?? -1) < (finding.at ?? 0)) newest.set(key, finding);
  }
  return [...newest.values()];
}

function withoutStatement(keys: readonly VerifierKey[]): WitnessFinding {
  const of = { kind: 'file', log: null, at: null } as const;
  if (keys.some(({ isWitness }) => isWitness))
    return { ...of, verdict: 'proven', message: "a witness's key, used for its cosignatures" };
  const message =
    keys.length > 0
      ? 'it holds the key of a log: give that with --key'
      : 'it holds no receipt, checkpoint, cosignature or key';
  return { ...of, verdict: 'unusable', message };
}

function logOf(statement: Statement): string | null {
  if (statement.kind === 'receipt') return statement.log;
  return ORIGIN.exec(statement.checkpoint.origin)?.[2] ?? null;
}

function judge(
  statement: Statement,
  results: ReadonlyMap<string, LogResult>,
  witnessKeys: readonly VerifierKey[],
): WitnessFinding {
  const log = logOf(statement);
  const result = log === null ? undefined : results.get(log);
  const at = statement.kind === 'receipt' ? statement.index : statement.checkpoint.size;
  const [verdict, message] =
    result === undefined
      ? (['unusable', `it is about trail ${log ?? 'of no known name'}, which was not verified`] as const)
      : statement.kind === 'receipt'
        ? judgeReceipt(statement, result)
        : judgeCheckpoint(statement, result, witnessKeys);
  return { kind: statement.kind, verdict, log, at, message };
}

type Judgement = readonly [WitnessWord, string];

function judgeReceipt({ index, leaf, log }: ReceiptStatement, { verdict, leaves }: LogResult): Judgement {
  const entry = `entry ${index} of ${log}`;
  if (index >= verdict.entries)
    return [
      'ahead',
      `a lane holds a receipt for ${entry}, but the trail ends with entry ${verdict.entries - 1}: ${CUT_OFF}`,
    ];
  if (index < verdict.first_index) return ['unusable', `${entry} is in the part that is left out here`];
  if (leaves.get(index) === leaf) return ['proven', `${entry} is the one the receipt names`];
  return [
    'contradicted',
    `${entry} is not the one the receipt names: the trail was changed after the lane had its receipt`,
  ];
}

const CUT_OFF = 'its end was cut off or not written yet';

function judgeCheckpoint(
  { checkpoint, note }: CheckpointStatement,
  { verdict, roots, keyOf }: LogResult,
  witnessKeys: readonly VerifierKey[],
): Judgement {
  const { origin, size, root } = checkpoint;
  const key = keyOf(origin);
  const isSigned = [key, ...witnessKeys].some(
    (each) => each !== null && note.signatures.some((signature) => isSignedBy(note.text, signature, each)),
  );
  if (!isSigned) {
    const isOther = note.signatures.some(({ name, keyId }) => key !== null && name === origin && keyId !== key.id);
    if (isOther)
      return [
        'contradicted',
        `a checkpoint of ${origin} is signed by another key than this trail tells: one of the two is not genuine`,
      ];
    const isOurGateway = verdict.epochs.some((epoch) => ORIGIN.exec(epoch.origin)?.[1] === ORIGIN.exec(origin)?.[1]);
    // A later epoch of the same gateway: the trail here may have been cut before it began.
    if (key !== null || !isOurGateway) return ['unusable', `no key at hand verifies the checkpoint of ${origin}`];
  }
  if (size > verdict.entries)
    return ['ahead', `a signed checkpoint is of ${size} entries, but the trail has ${verdict.entries}: ${CUT_OFF}`];
  if (size < verdict.first_index)
    return ['unusable', `the checkpoint of ${size} entries is of the part that is left out here`];
  const found = roots.get(size);
  if (found === undefined)
    return [
      'contradicted',
      `the first ${size} entries are not whole any more, so they are not those of the checkpoint`,
    ];
  if (found.equals(root)) return ['proven', `the first ${size} entries are those of the checkpoint`];
  return [
    'contradicted',
    `the first ${size} entries are not those of the checkpoint: the trail was changed after it was signed`,
  ];
}
