/**
 * The keyring: what seals a record's bytes at rest and keys the look-up hashes.
 *
 * The box key (32 random bytes, `box.key`, mode 0600) never leaves the box; it wraps the data keys, which live in the
 * database so that a key can be rotated by adding a row. AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce per
 * seal: one seal per commit group keeps the number of seals far below the 2^32 bound of that document's section 8.3.
 */
import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';
import type { Database } from 'better-sqlite3';
import { CounterfoilError } from '../base/errors.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const KEY_BYTES = 32;

export const KEY_PURPOSE = { payload: 1, lookup: 2, archive: 3 } as const;

/** nonce ‖ tag ‖ ciphertext. `aad` is what the bytes are bound to; another `aad` will not open them. */
export function seal(key: Uint8Array, plain: Uint8Array, aad: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(aad));
  const body = cipher.update(plain);
  cipher.final();
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

/** Opens what `seal` made; null when key, bytes or `aad` do not belong together. */
export function unseal(key: Uint8Array, sealed: Uint8Array, aad: string): Buffer | null {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES));
  decipher.setAAD(Buffer.from(aad));
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  try {
    const plain = decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES));
    decipher.final();
    return plain;
  } catch {
    return null;
  }
}

export interface WrappedKey {
  readonly keyId: number;
  readonly purpose: number;
  readonly wrapped: Buffer;
}

const wrapAad = (keyId: number, purpose: number): string => `counterfoil data key ${keyId} purpose ${purpose}`;

/** Makes a fresh data key, wrapped under the box key. */
export function newWrappedKey(boxKey: Uint8Array, keyId: number, purpose: number): WrappedKey {
  return { keyId, purpose, wrapped: seal(boxKey, randomBytes(KEY_BYTES), wrapAad(keyId, purpose)) };
}

/** Bytes of a keyed hash that are kept: 128 bits, enough that two of 2^40 keys never meet by chance. */
const LOOKUP_BYTES = 16;

/** A key that seals archive files, and the form in which each of them carries it. */
export interface ArchiveKey {
  readonly keyId: number;
  readonly key: Buffer;
  readonly wrapped: Buffer;
}

/** The unwrapped keys of one buffer. */
export class Keyring {
  readonly #payloadKeys = new Map<number, Buffer>();
  readonly #archiveKeys = new Map<number, ArchiveKey>();
  readonly #keyHead: Buffer;
  readonly #fillHead: Buffer;
  readonly #filterHead: Buffer;
  readonly #newestPayloadKeyId: number;

  /** Throws `key_missing` (exit 78) when the box key does not open the data keys: never a reason to quarantine. */
  constructor(boxKey: Uint8Array, wrappedKeys: readonly WrappedKey[]) {
    let lookupKey: Buffer | null = null;
    let newest = -1;
    for (const { keyId, purpose, wrapped } of wrappedKeys) {
      const key = unseal(boxKey, wrapped, wrapAad(keyId, purpose));
      if (key === null) throw wrongBoxKey();
      if (purpose === KEY_PURPOSE.lookup) lookupKey = key;
      else if (purpose === KEY_PURPOSE.archive) this.#archiveKeys.set(keyId, { keyId, key, wrapped });
      else {
        this.#payloadKeys.set(keyId, key);
        newest = Math.max(newest, keyId);
      }
    }
    if (lookupKey === null || newest < 0) throw wrongBoxKey();
    this.#newestPayloadKeyId = newest;
    this.#keyHead = Buffer.concat([lookupKey, Buffer.from('key\u0000')]);
    this.#fillHead = Buffer.concat([lookupKey, Buffer.from('fill\u0000')]);
    this.#filterHead = Buffer.concat([lookupKey, Buffer.from('filter\u0000')]);
  }

  /** The newest key for archive files, or the one of that id. Throws `key_missing` where there is none. */
  archiveKey(keyId?: number): ArchiveKey {
    const id = keyId ?? Math.max(...this.#archiveKeys.keys());
    const key = this.#archiveKeys.get(id);
    if (key === undefined) throw wrongBoxKey();
    return key;
  }

  /** Keyed hash of a search's filter, hex. */
  filterHash(text: string): string {
    return hash('sha256', Buffer.concat([this.#filterHead, Buffer.from(text)]), 'hex').slice(0, 2 * LOOKUP_BYTES);
  }

  /**
   * Keyed hash for look-ups: SHA-256 of key (32 bytes) ‖ label ‖ 0x00 ‖ text, first 16 bytes, as a latin1 string of 16
   * characters. Half of the digest is dropped, so it cannot be extended; HMAC would cost a second hash for every record.
   */
  lookupHash(label: 'key' | 'fill', text: string): string {
    const head = label === 'key' ? this.#keyHead : this.#fillHead;
    return hash('sha256', Buffer.concat([head, Buffer.from(text)]), 'latin1').slice(0, LOOKUP_BYTES);
  }

  /** key id (one byte) ‖ sealed bytes. */
  sealBytes(plain: Uint8Array, aad: string): Buffer {
    const key = this.#payloadKeys.get(this.#newestPayloadKeyId);
    if (key === undefined) throw wrongBoxKey();
    return Buffer.concat([Buffer.from([this.#newestPayloadKeyId]), seal(key, plain, aad)]);
  }

  /** Null when the bytes were altered. */
  unsealBytes(sealed: Uint8Array, aad: string): Buffer | null {
    const key = this.#payloadKeys.get(sealed[0] ?? -1);
    // An unknown key id is damage of its first byte: key rows are never removed while bytes sealed by them exist.
    return key === undefined ? null : unseal(key, sealed.subarray(1), aad);
  }
}

/** The keyring of the buffer that `db` is a connection to. Throws `key_missing` when it is another box's. */
export function readKeyring(db: Database, boxKey: Uint8Array): Keyring {
  const keys = db.prepare<[], WrappedKey>(
    `SELECT key_id AS keyId, purpose, wrapped FROM data_key
     UNION ALL SELECT key_id, ${KEY_PURPOSE.archive}, wrapped FROM archive_key`,
  );
  return new Keyring(boxKey, keys.all());
}

function wrongBoxKey(): CounterfoilError {
  return new CounterfoilError(
    'key_missing',
    'the box key does not open the data keys of this buffer',
    'Put back the box.key that belongs to this data_dir (from the box or its backup). Nothing was changed.',
  );
}
