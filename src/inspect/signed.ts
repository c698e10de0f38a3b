/** What is signed in a trail: which key signs, checkpoints over the entries, witnesses' cosignatures under them. */
import type { Findings, Place } from './findings.ts';
import {
  type Checkpoint,
  checkpointText,
  isSignedBy,
  keyNamed,
  type Note,
  parseCheckpoint,
  parseNote,
  parseSignatureLine,
  parseVerifierKey,
  type VerifierKey,
  verifierKeyText,
} from './note.ts';
import type { EpochVerdict, LogVerdict } from './verdict.ts';

const ORIGIN = /^(.+)\/[0-9a-f]{8}\/(audit|schedule_two)$/;
/** Checkpoints that are kept for cosignatures that come later. */
const MAX_KEPT_NOTES = 1024;

type Body = Readonly<Record<string, unknown>>;

export class Signed {
  readonly epochs: EpochVerdict[] = [];
  readonly keys = new Map<string, VerifierKey>();
  newest: LogVerdict['checkpoints']['newest'] = null;
  seen = 0;
  proven = 0;
  cosignaturesSeen = 0;
  cosignaturesProven = 0;
  /** The newest checkpoint under which a witness's cosignature stands, with both signatures; not verified without the witness's key. */
  newestCosigned: string | null = null;
  /** Sizes whose root was too long ago when their checkpoint came: a second pass must look out for them. */
  readonly late: number[] = [];
  readonly #log: string;
  readonly #trusted: Buffer | null;
  readonly #witnessKeys: readonly VerifierKey[];
  readonly #findings: Findings;
  /** Notes of the newest checkpoints, by size. */
  readonly #notes = new Map<number, { readonly text: string; readonly note: string }>();
  #largest = 0;
  readonly #missingKeys = new Set<string>();

  constructor(log: string, trusted: Buffer | null, witnessKeys: readonly VerifierKey[], findings: Findings) {
    this.#log = log;
    this.#trusted = trusted;
    this.#witnessKeys = witnessKeys;
    this.#findings = findings;
  }

  /** The key that signs under this origin: the one brought along, else the one the trail tells. */
  keyOf(origin: string): VerifierKey | null {
    if (this.#trusted !== null) return keyNamed(origin, this.#trusted);
    return this.keys.get(origin) ?? null;
  }

  /** Keys told in a part that is left out, before entry `index`. */
  believe(keys: readonly string[], index: number): void {
    for (const text of keys) {
      const key = parseVerifierKey(text);
      if (key === null) continue;
      this.keys.set(key.name, key);
      this.epochs.push({ origin: key.name, key: text, index });
    }
  }

  trailKey(body: Body, place: Place): void {
    const origin = String(body.origin);
    if (!this.#isOurs(origin, place)) return;
    const key = parseVerifierKey(String(body.key));
    if (key === null || key.name !== origin || key.isWitness) {
      this.#findings.fault(
        'key_unusable',
        place,
        `entry ${place.index} tells a key that is no verifier key of ${origin}`,
      );
      return;
    }
    if (this.#trusted !== null && !key.publicKey.equals(this.#trusted)) {
      this.#findings.fault(
        'key_foreign',
        place,
        `from entry ${place.index} on the trail is signed by another key than the one you brought`,
      );
    }
    const last = [...this.keys.values()].at(-1);
    if (this.#trusted === null && last !== undefined && !last.publicKey.equals(key.publicKey)) {
      this.#findings.remark(
        'key_changed',
        place.segment,
        place.index,
        `from entry ${place.index} on another key signs (${verifierKeyText(key)}): ask the store whether it knows`,
      );
    }
    this.keys.set(origin, key);
    this.epochs.push({ origin, key: verifierKeyText(key), index: place.index ?? 0 });
  }

  /** A checkpoint in the trail; `rootAt` gives the root of that many entries, null when it is not known (yet). */
  checkpoint(
    body: Body,
    place: Place,
    rootAt: (size: number) => Buffer | null,
    wasSize: (size: number) => boolean,
  ): void {
    this.seen += 1;
    const note = parseNote(String(body.note));
    const checkpoint = note === null ? null : parseCheckpoint(note.text);
    if (note === null || checkpoint === null) {
      this.#findings.fault(
        'checkpoint_unreadable',
        place,
        `the checkpoint in entry ${place.index} is not formed as one`,
      );
      return;
    }
    if (!this.#isOurs(checkpoint.origin, place) || !this.#isSigned(note, checkpoint, place)) return;
    this.#remember(checkpoint.size, note.text, String(body.note));
    if (checkpoint.size > (place.index ?? 0)) {
      this.#findings.fault(
        'checkpoint_ahead',
        place,
        `entry ${place.index} holds a checkpoint of ${checkpoint.size} entries: more than stand before it`,
      );
      return;
    }
    if (checkpoint.size < this.#largest) {
      this.#findings.fault(
        'checkpoint_smaller',
        place,
        `the checkpoint in entry ${place.index} is of ${checkpoint.size} entries, one before it of ${this.#largest}: nobody signs a smaller tree after a larger one`,
      );
      return;
    }
    this.#largest = checkpoint.size;
    const root = rootAt(checkpoint.size);
    if (root === null) {
      if (wasSize(checkpoint.size)) this.late.push(checkpoint.size);
      return;
    }
    if (!root.equals(checkpoint.root)) {
      this.#findings.fault(
        'checkpoint_root',
        place,
        `the signed checkpoint in entry ${place.index} is of other entries: something among the first ${checkpoint.size} was changed after it was signed`,
      );
      return;
    }
    this.proven += 1;
    if (checkpoint.size >= (this.newest?.size ?? 0)) {
      this.newest = { ...checkpoint, root: checkpoint.root.toString('base64'), note: String(body.note) };
    }
  }

  cosigned(body: Body, place: Place, rootAt: (size: number) => Buffer | null): void {
    this.cosignaturesSeen += 1;
    const signature = parseSignatureLine(String(body.cosignature).trimEnd());
    if (signature === null) {
      this.#findings.fault(
        'cosignature_invalid',
        place,
        `the cosignature in entry ${place.index} is not formed as one`,
      );
      return;
    }
    const size = Number(body.size);
    const note = this.#notes.get(size)?.note;
    if (note !== undefined) this.newestCosigned = `${note}${String(body.cosignature).trimEnd()}\n`;
    const key = this.#witnessKeys.find(({ name, id }) => name === signature.name && id === signature.keyId);
    if (key === undefined) {
      this.#keyMissing(signature.name, place);
      return;
    }
    const text = this.#notes.get(size)?.text ?? this.#textOf(size, rootAt(size));
    if (text !== null && isSignedBy(text, signature, key)) this.cosignaturesProven += 1;
    else {
      this.#findings.fault(
        'cosignature_invalid',
        place,
        `the cosignature of ${signature.name} in entry ${place.index} is not under the checkpoint of ${size} entries`,
      );
    }
  }

  #isOurs(origin: string, place: Place): boolean {
    if (ORIGIN.exec(origin)?.[2] === this.#log) return true;
    this.#findings.fault('wrong_trail', place, `entry ${place.index} is about ${origin}, which is not this trail`);
    return false;
  }

  #isSigned(note: Note, { origin }: Checkpoint, place: Place): boolean {
    const key = this.keyOf(origin);
    if (key !== null && note.signatures.some((signature) => isSignedBy(note.text, signature, key))) return true;
    const why =
      key === null
        ? `no entry before it tells the key of ${origin}`
        : `it is not signed by ${this.#trusted === null ? 'the key of this trail' : 'the key you brought'}`;
    this.#findings.fault('checkpoint_signature', place, `the checkpoint in entry ${place.index} does not hold: ${why}`);
    return false;
  }

  #remember(size: number, text: string, note: string): void {
    this.#notes.set(size, { text, note });
    const [oldest] = this.#notes.keys();
    if (this.#notes.size > MAX_KEPT_NOTES && oldest !== undefined) this.#notes.delete(oldest);
  }

  #textOf(size: number, root: Buffer | null): string | null {
    const origin = this.epochs.at(-1)?.origin;
    return root === null || origin === undefined ? null : checkpointText({ origin, size, root });
  }

  #keyMissing(witness: string, place: Place): void {
    if (this.#missingKeys.has(witness)) return;
    this.#missingKeys.add(witness);
    this.#findings.remark(
      'witness_key_missing',
      place.segment,
      place.index,
      `${witness} has cosigned; to check it, give its verifier key with --witness`,
    );
  }
}
