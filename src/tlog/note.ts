/**
 * Signed notes (c2sp.org/signed-note) with Ed25519: a text that ends with a line feed, an empty line, and signature
 * lines `— name base64(key id ‖ signature)`. Read strictly: what is not exactly a note is refused with a reason, and
 * nothing of a text counts before a known key has signed it.
 */
import { type KeyObject, sign, verify } from 'node:crypto';
import { fromBase64 } from './base64.ts';
import { isKeyName, KEY_ID_BYTES, KEY_TYPE, type VerifierKey, verifierKeyOf } from './verifier-key.ts';

/** One signature line, taken apart. */
export interface NoteSignature {
  readonly name: string;
  /** Eight lower-case hex digits. */
  readonly keyId: string;
  /** What stands behind the key id: of a type 01 key the 64 bytes of an Ed25519 signature. */
  readonly signature: Buffer;
  /** The line as it stands in the note, without its line feed. */
  readonly line: string;
}

export interface Note {
  /** With its last line feed: what is signed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** Why something is no note, or counts as none. */
export type NoteFault =
  | 'too_long'
  | 'not_text'
  | 'no_signatures'
  | 'too_many_signatures'
  | 'bad_signature_line'
  /** A line of a known key does not verify: the note was changed, or the line was made up. */
  | 'bad_signature'
  /** Nobody known has signed it. */
  | 'unknown_signer';

export type NoteReading =
  | { readonly ok: true; readonly note: Note }
  | { readonly ok: false; readonly fault: NoteFault };

/** Signs texts under one name. */
export interface NoteSigner {
  readonly key: VerifierKey;
  /** The Ed25519 signature over these bytes, 64 bytes. */
  sign(message: Uint8Array): Buffer;
}

/** An entry of the trail holds a whole note, and 16 signatures of the largest kind known fit. */
const MAX_NOTE_BYTES = 65_535;
const MAX_SIGNATURES = 100;
const DASH = '— ';

/** A signer with its private key in memory. Throws `TypeError` for anything but a private Ed25519 key. */
export function noteSigner(name: string, privateKey: KeyObject): NoteSigner {
  if (privateKey.type !== 'private') throw new TypeError('signing takes a private key');
  return { key: verifierKeyOf(name, privateKey), sign: (message) => sign(null, message, privateKey) };
}

/** The signed note of a text. Throws `TypeError` for a text that no note can have. */
export function signNote(text: string, signer: NoteSigner): string {
  if (!isNoteText(text)) throw new TypeError('a note is text of whole lines without control characters');
  return `${text}\n${signatureLine(signer.key, signer.sign(Buffer.from(text)))}\n`;
}

/** A signature line without its line feed. */
export function signatureLine(key: VerifierKey, signature: Uint8Array): string {
  const bytes = Buffer.concat([Buffer.from(key.keyId, 'hex'), signature]);
  return `${DASH}${key.name} ${bytes.toString('base64')}`;
}

/** Takes a note apart without believing any of it; never throws. */
export function parseNote(source: string | Uint8Array): NoteReading {
  if (Buffer.byteLength(source) > MAX_NOTE_BYTES) return no('too_long');
  const given = typeof source === 'string' ? source : decode(source);
  if (given === null) return no('not_text');
  // The text may have empty lines of its own: the last one ends it.
  const gap = given.lastIndexOf('\n\n');
  if (gap < 0) return isNoteText(given) ? no('no_signatures') : no('not_text');
  const text = given.slice(0, gap + 1);
  const rest = given.slice(gap + 2);
  if (!isNoteText(text)) return no('not_text');
  if (rest === '') return no('no_signatures');
  if (!rest.endsWith('\n')) return no('bad_signature_line');
  const lines = rest.slice(0, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) return no('too_many_signatures');
  const signatures = lines.map(parseSignatureLine).filter((signature) => signature !== null);
  return signatures.length === lines.length ? { ok: true, note: { text, signatures } } : no('bad_signature_line');
}

/** One signature line, without its line feed; null when it is none. */
export function parseSignatureLine(line: string): NoteSignature | null {
  if (!line.startsWith(DASH)) return null;
  const [name, base64, ...more] = line.slice(DASH.length).split(' ');
  if (name === undefined || base64 === undefined || more.length > 0 || !isKeyName(name)) return null;
  const bytes = fromBase64(base64);
  if (bytes === null || bytes.length <= KEY_ID_BYTES) return null;
  const keyId = bytes.toString('hex', 0, KEY_ID_BYTES);
  return { name, keyId, signature: bytes.subarray(KEY_ID_BYTES), line };
}

/**
 * Reads a note that at least one of these keys has signed. A line of a known key that does not verify refuses the whole
 * note, lines of others are passed over, keys of another type than 01 know nobody. Never throws.
 */
export function openNote(source: string | Uint8Array, keys: readonly VerifierKey[]): NoteReading {
  const reading = parseNote(source);
  if (!reading.ok) return reading;
  const message = Buffer.from(reading.note.text);
  let signed = false;
  for (const { name, keyId, signature } of reading.note.signatures) {
    const key = keys.find((known) => known.name === name && known.keyId === keyId && known.type === KEY_TYPE.note);
    if (key === undefined) continue;
    if (!verify(null, message, key.publicKey, signature)) return no('bad_signature');
    signed = true;
  }
  return signed ? reading : no('unknown_signer');
}

/** Whole lines of well-formed text without control characters. */
function isNoteText(text: string): boolean {
  return text.endsWith('\n') && text.isWellFormed() && !hasControl(text);
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20 && code !== 0x0a) return true;
  }
  return false;
}

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function no(fault: NoteFault): NoteReading {
  return { ok: false, fault };
}
