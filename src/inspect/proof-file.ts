/** A proof as a file: what is in it (docs/FORMATS.md, "Proofs"), and whether it holds, with nothing else at hand than a key. */
import { toUtcText } from '../base/clock.ts';
import { newEntryLine, readLine, readMembers } from './entry-line.ts';
import { HASH_BYTES, leafHash } from './merkle.ts';
import {
  type Checkpoint,
  exactBase64,
  isSignedBy,
  keyNamed,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  type VerifierKey,
} from './note.ts';
import { isConsistent, rootFromInclusion } from './proof.ts';

export const PROOF_FORMAT = 'counterfoil-proof/1';

export interface TrailProof {
  readonly format: string;
  readonly log: string;
  /** Number of the record for which it was made. */
  readonly sequence?: number;
  /** The entry as it stands in the trail. */
  readonly entry: string;
  readonly index: number;
  /** Hashes in base64, here and below. */
  readonly leaf: string;
  /** Signed note. */
  readonly checkpoint: string;
  readonly inclusion: readonly string[];
  readonly newer: { readonly checkpoint: string; readonly consistency: readonly string[] } | null;
  /** Verifier keys, by the trail's own word. */
  readonly keys: readonly string[];
}

export interface ProofVerdict {
  readonly holds: boolean;
  /** What was found, in the order in which it was looked at; the last one is the reason when it does not hold. */
  readonly steps: readonly string[];
  /** Key that signed: brought along, or the file's own word. */
  readonly keyGiven: boolean;
}

/** Checks a proof that came as text. Never throws: what is no proof does not hold. */
export function checkProof(text: string, key: VerifierKey | null): ProofVerdict {
  const steps: string[] = [];
  const proof = parsed(text);
  const failure = proof === null ? 'this is no proof of a trail' : findFailure(proof, key, steps);
  if (failure !== null) steps.push(failure);
  return { holds: failure === null, steps, keyGiven: key !== null };
}

function parsed(text: string): TrailProof | null {
  try {
    const proof = JSON.parse(text) as TrailProof;
    const isWhole =
      proof.format === PROOF_FORMAT &&
      [proof.log, proof.entry, proof.leaf, proof.checkpoint].every((member) => typeof member === 'string') &&
      Number.isSafeInteger(proof.index) &&
      [proof.inclusion, proof.keys, proof.newer?.consistency ?? []].every(isTexts);
    return isWhole ? proof : null;
  } catch {
    return null;
  }
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** Why it does not hold; null when it does. */
function findFailure(proof: TrailProof, key: VerifierKey | null, steps: string[]): string | null {
  const entry = Buffer.from(proof.entry);
  const leaf = leafHash(entry);
  if (leaf.toString('base64') !== proof.leaf) return 'the entry is not the one whose hash is given';
  if (indexOf(entry) !== proof.index) return `the entry does not say of itself that it is entry ${proof.index}`;
  steps.push(`the entry is entry ${proof.index} of trail ${proof.log}`);
  if (proof.sequence !== undefined) {
    const record = recordIn(proof.entry, proof.sequence);
    if (record === null) return `the entry does not take in record ${proof.sequence}`;
    steps.push(record);
  }
  const checkpoint = signed(proof.checkpoint, proof, key);
  if (checkpoint === null) return 'its checkpoint is not signed by the key';
  steps.push(`the checkpoint of ${checkpoint.size} entries is signed by ${checkpoint.origin}`);
  const root = rootFromInclusion(proof.index, checkpoint.size, leaf, hashes(proof.inclusion));
  if (root === null || !root.equals(checkpoint.root)) return 'the entry is not among those of the checkpoint';
  steps.push('the entry is among those of the checkpoint');
  if (proof.newer === null) return null;
  const newer = signed(proof.newer.checkpoint, proof, key);
  if (newer === null) return 'the newer checkpoint is not signed by the key';
  if (!isConsistent(checkpoint.size, newer.size, checkpoint.root, newer.root, hashes(proof.newer.consistency))) {
    return 'the newer checkpoint does not follow from the older one';
  }
  steps.push(`the checkpoint of ${newer.size} entries follows from it: nothing of it was changed in between`);
  return null;
}

function indexOf(entry: Buffer): number | null {
  const line = newEntryLine();
  // A line as in a segment, with the byte before it that reading needs; its hash is checked elsewhere.
  const bytes = Buffer.concat([Buffer.of(0), entry, Buffer.from(`\t${'A'.repeat(44)}`)]);
  return readLine(line, bytes, 1, bytes.length) && readMembers(line) ? line.index : null;
}

/** What an `intake` entry says of a record; null when it says nothing. */
function recordIn(entry: string, sequence: number): string | null {
  const { k, r } = JSON.parse(entry) as { k: string; r: { records?: unknown } };
  const records = k === 'intake' && Array.isArray(r.records) ? (r.records as readonly unknown[]) : [];
  const record = records.find((each) => Array.isArray(each) && each[0] === sequence);
  if (!Array.isArray(record)) return null;
  const [, lane, schedule, laneHash, payloadHash, receivedMs] = record as readonly unknown[];
  const received = toUtcText(Number(receivedMs));
  return `it takes in record ${sequence} (schedule ${String(schedule)}) from ${String(lane)}, received ${received}, lane_hash ${String(laneHash)}, payload_hash ${String(payloadHash)}`;
}

/** The checkpoint, when it is of this log and signed by the key. */
function signed(text: string, { keys, log }: TrailProof, given: VerifierKey | null): Checkpoint | null {
  const note = parseNote(text);
  const checkpoint = note === null ? null : parseCheckpoint(note.text);
  if (note === null || checkpoint === null || !checkpoint.origin.endsWith(`/${log}`)) return null;
  const own = keys.map(parseVerifierKey).filter((key) => key !== null && !key.isWitness);
  const trusted = given === null ? own : [keyNamed(checkpoint.origin, given.publicKey)];
  const holds = trusted.some(
    (key) => key !== null && note.signatures.some((signature) => isSignedBy(note.text, signature, key)),
  );
  return holds ? checkpoint : null;
}

function hashes(texts: readonly string[]): Buffer[] {
  return texts
    .map((text) => exactBase64(text) ?? Buffer.alloc(0))
    .map((hash) => (hash.length === HASH_BYTES ? hash : Buffer.alloc(0)));
}
