/**
 * The sealed stream of a backup: chunks of 64 KiB, each AES-256-GCM (NIST SP 800-38D) under a key that is good for this file
 * only. The nonce is the chunk's number (11 bytes, big-endian) and a byte that is 1 for the last chunk alone, as in the
 * STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
 * Misuse-Resistance", 2015): nobody can change, drop, swap or add a chunk, or cut the file off between two.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { damaged } from './faults.ts';

export const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;

function nonceOf(chunk: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  // 2^48 chunks of 64 KiB are more than any disk holds.
  nonce.writeUIntBE(chunk, NONCE_BYTES - 1 - 6, 6);
  nonce[NONCE_BYTES - 1] = isLast ? 1 : 0;
  return nonce;
}

/** Seals what is pushed; memory does not grow with it. */
export class SealedWriter {
  readonly #key: Uint8Array;
  readonly #write: (bytes: Buffer) => void;
  readonly #held = Buffer.alloc(CHUNK_BYTES);
  #heldBytes = 0;
  #chunk = 0;

  /** `write` takes each sealed chunk and throws when it cannot. `key`: 32 bytes, never used for another stream. */
  constructor(key: Uint8Array, write: (bytes: Buffer) => void) {
    this.#key = key;
    this.#write = write;
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      // A full chunk is sealed only once something follows it: else it is the last one.
      if (this.#heldBytes === CHUNK_BYTES) this.#seal(false);
      const taken = bytes.subarray(at, at + CHUNK_BYTES - this.#heldBytes);
      this.#held.set(taken, this.#heldBytes);
      this.#heldBytes += taken.length;
      at += taken.length;
    }
  }

  /** Nothing may be pushed after it. */
  end(): void {
    this.#seal(true);
  }

  #seal(isLast: boolean): void {
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonceOf(this.#chunk, isLast));
    const sealed = cipher.update(this.#held.subarray(0, this.#heldBytes));
    cipher.final();
    this.#write(Buffer.concat([sealed, cipher.getAuthTag()]));
    this.#chunk += 1;
    this.#heldBytes = 0;
  }
}

/** Reads the bytes at an offset of a file; fewer only at its end. */
export type ReadAt = (offset: number, bytes: number) => Buffer;

/**
 * The chunks of a sealed stream that lies from `start` to `end`, opened, in order; the last one only when it is marked so.
 * @throws CounterfoilError `backup_damaged` at the first chunk that is not as it was written.
 */
export function* openSealed(key: Uint8Array, read: ReadAt, start: number, end: number): Generator<Buffer, void> {
  let at = start;
  for (let chunk = 0; at < end || chunk === 0; chunk += 1) {
    const sealed = read(at, Math.min(CHUNK_BYTES + TAG_BYTES, end - at));
    const next = at + sealed.length;
    const isLast = next >= end;
    const plain = openChunk(key, sealed, chunk, isLast);
    if (plain === null) {
      const isCut = isLast && (sealed.length <= TAG_BYTES || openChunk(key, sealed, chunk, false) !== null);
      throw damaged(isCut ? 'it was cut off: its end is missing' : `its bytes from ${at} on are not those written`);
    }
    yield plain;
    at = next;
  }
}

function openChunk(key: Uint8Array, sealed: Buffer, chunk: number, isLast: boolean): Buffer | null {
  if (sealed.length < TAG_BYTES) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(chunk, isLast));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    const plain = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
    decipher.final();
    return plain;
  } catch {
    return null;
  }
}
