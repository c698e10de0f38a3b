/** What a witness's file holds: receipts, checkpoints, cosignatures, keys, in whatever they came (JSON, JSON lines, a note as it is). */
import {
  type Checkpoint,
  type Note,
  parseCheckpoint,
  parseNote,
  parseSignatureLine,
  parseVerifierKey,
  type VerifierKey,
} from './note.ts';

/** A receipt's word on an entry. */
export interface ReceiptStatement {
  readonly kind: 'receipt';
  readonly log: string;
  readonly index: number;
  /** Base64. */
  readonly leaf: string;
}

export interface CheckpointStatement {
  readonly kind: 'checkpoint' | 'cosignature';
  readonly note: Note;
  readonly checkpoint: Checkpoint;
}

export type Statement = ReceiptStatement | CheckpointStatement;

export interface WitnessFile {
  readonly file: string;
  readonly statements: readonly Statement[];
  readonly keys: readonly VerifierKey[];
}

/** JSON nested deeper than this is no receipt. */
const MAX_DEPTH = 16;

/** Reads the text of a witness's file; statements and keys are empty when it holds nothing of use. */
export function readWitness(file: string, text: string): WitnessFile {
  const keys = text.split('\n').map(parseVerifierKey);
  const found = keys.filter((key) => key !== null);
  if (found.length > 0) return { file, statements: [], keys: found };
  const note = checkpointStatement(text, null);
  if (note !== null) return { file, statements: [note], keys: [] };
  const statements: Statement[] = [];
  for (const value of jsonValues(text)) collect(value, statements, 0);
  return { file, statements, keys: [] };
}

/** The file as one JSON value, else each line that holds one; what stands before it (a topic, a time) is passed over. */
function* jsonValues(text: string): Generator<unknown> {
  const whole = parsed(text);
  if (whole !== undefined) {
    yield whole;
    return;
  }
  for (const line of text.split('\n')) {
    const start = line.search(/[{[]/);
    const value = start === -1 ? undefined : parsed(line.slice(start));
    if (value !== undefined) yield value;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function collect(value: unknown, into: Statement[], depth: number): void {
  if (depth > MAX_DEPTH) return;
  if (typeof value === 'string') {
    const statement = checkpointStatement(value, null);
    if (statement !== null) into.push(statement);
  } else if (Array.isArray(value)) {
    for (const each of value) collect(each, into, depth + 1);
  } else if (typeof value === 'object' && value !== null) {
    collectObject(value as Readonly<Record<string, unknown>>, into, depth);
  }
}

function collectObject(value: Readonly<Record<string, unknown>>, into: Statement[], depth: number): void {
  const { log, index, leaf, checkpoint, cosignature } = value;
  if (typeof log === 'string' && Number.isSafeInteger(index) && typeof leaf === 'string') {
    into.push({ kind: 'receipt', log, index: Number(index), leaf: base64Of(leaf) });
  }
  const cosigned =
    typeof cosignature === 'string' && typeof checkpoint === 'string'
      ? checkpointStatement(checkpoint, cosignature)
      : null;
  if (cosigned !== null) into.push(cosigned);
  for (const [name, member] of Object.entries(value)) {
    if (cosigned === null || name !== 'checkpoint') collect(member, into, depth + 1);
  }
}

/** Receipts give a leaf in base64; in hex it is the same leaf. */
function base64Of(leaf: string): string {
  return /^[0-9a-f]{64}$/.test(leaf) ? Buffer.from(leaf, 'hex').toString('base64') : leaf;
}

/** A checkpoint, perhaps with a cosignature line that is kept apart from it. */
function checkpointStatement(text: string, cosignature: string | null): CheckpointStatement | null {
  const note = parseNote(text.endsWith('\n') ? text : `${text}\n`);
  const checkpoint = note === null ? null : parseCheckpoint(note.text);
  if (note === null || checkpoint === null) return null;
  const lines = (cosignature ?? '').split('\n').map(parseSignatureLine);
  const signatures = [...note.signatures, ...lines.filter((line) => line !== null)];
  return {
    kind: signatures.length > 1 ? 'cosignature' : 'checkpoint',
    note: { text: note.text, signatures },
    checkpoint,
  };
}
