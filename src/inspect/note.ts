/**
 * C2SP signed notes, checkpoints and cosignatures, as somebody reads them who has only their text:
 * c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature.
 */
import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { HASH_BYTES } from './merkle.ts';

/** Signature types of a verifier key: the log's own, and a witness's. */
const ED25519 = 1;
const COSIGNATURE = 4;
const KEY_ID_BYTES = 4;
const TIME_BYTES = 8;
const MAX_SIGNATURES = 100;

export interface VerifierKey {
  readonly name: string;
  /** First four bytes of SHA-256(name ‖ 0A ‖ type ‖ public key), hex. */
  readonly id: string;
  readonly isWitness: boolean;
  /** 32 bytes. */
  readonly publicKey: Buffer;
}

export interface NoteSignature {
  readonly name: string;
  readonly keyId: string;
  /** What follows the key id. */
  readonly bytes: Buffer;
}

export interface Note {
  /** What is signed; ends with a line end. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

/** The key by the name it has under another origin: one key signs for all of them. */
export function keyNamed(name: string, publicKey: Buffer, isWitness = false): VerifierKey {
  const type = Buffer.of(isWitness ? COSIGNATURE : ED25519);
  const digest = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), type, publicKey]), 'buffer');
  return { name, id: digest.toString('hex', 0, KEY_ID_BYTES), isWitness, publicKey };
}

/** A verifier key `name+hex+base64`, or null when the text is none, or its id is not that of its name and key. */
export function parseVerifierKey(text: string): VerifierKey | null {
  const [, name = '', id = '', encoded = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim()) ?? [];
  const key = exactBase64(encoded);
  if (key === null || key.length !== 1 + HASH_BYTES) return null;
  const type = key[0];
  if (type !== ED25519 && type !== COSIGNATURE) return null;
  const parsed = keyNamed(name, key.subarray(1), type === COSIGNATURE);
  return parsed.id === id ? parsed : null;
}

export function verifierKeyText({ name, id, isWitness, publicKey }: VerifierKey): string {
  const type = Buffer.of(isWitness ? COSIGNATURE : ED25519);
  return `${name}+${id}+${Buffer.concat([type, publicKey]).toString('base64')}`;
}

/** Text and signatures of a note, or null when it is not formed as one. */
export function parseNote(note: string): Note | null {
  const cut = note.lastIndexOf('\n\n');
  if (cut === -1 || !note.endsWith('\n')) return null;
  const lines = note.slice(cut + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) return null;
  const signatures = lines.map(parseSignatureLine);
  if (signatures.some((signature) => signature === null)) return null;
  return { text: note.slice(0, cut + 1), signatures: signatures.filter((signature) => signature !== null) };
}

/** One line `— name base64(key id ‖ signature)`, without its line end. */
export function parseSignatureLine(line: string): NoteSignature | null {
  const [, name = '', encoded = ''] = /^— ([^\s+]+) ([A-Za-z0-9+/=]+)$/u.exec(line) ?? [];
  const bytes = exactBase64(encoded);
  if (bytes === null || bytes.length <= KEY_ID_BYTES) return null;
  return { name, keyId: bytes.toString('hex', 0, KEY_ID_BYTES), bytes: bytes.subarray(KEY_ID_BYTES) };
}

/** Origin, size and root in a note's text, or null when it is no checkpoint. Lines after the third are allowed, and signed. */
export function parseCheckpoint(text: string): Checkpoint | null {
  const [origin = '', size = '', encoded = ''] = text.split('\n');
  const root = exactBase64(encoded);
  if (origin === '' || !/^(0|[1-9]\d{0,14})$/.test(size) || root?.length !== HASH_BYTES) return null;
  return { origin, size: Number(size), root };
}

/** The text that a checkpoint of ours has. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/** Whether this signature was made over `text` with this key. */
export function isSignedBy(text: string, signature: NoteSignature, key: VerifierKey): boolean {
  if (signature.name !== key.name || signature.keyId !== key.id) return false;
  if (!key.isWitness) return holds(Buffer.from(text), signature.bytes, key);
  const time = cosignedAt(signature);
  if (time === null) return false;
  return holds(Buffer.from(`cosignature/v1\ntime ${time}\n${text}`), signature.bytes.subarray(TIME_BYTES), key);
}

/** When a witness signed, by its own clock, in seconds since 1970; null when the signature is no cosignature. */
function cosignedAt({ bytes }: NoteSignature): bigint | null {
  return bytes.length === TIME_BYTES + 2 * HASH_BYTES ? bytes.readBigUInt64BE(0) : null;
}

const keyObjects = new Map<string, KeyObject>();

function holds(message: Buffer, signature: Buffer, { publicKey }: VerifierKey): boolean {
  const x = publicKey.toString('base64url');
  const known = keyObjects.get(x);
  const key = known ?? createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  if (known === undefined) keyObjects.set(x, key);
  return verify(null, message, key, signature);
}

/** Bytes of standard base64 with padding; null for any other spelling. */
export function exactBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : null;
}
