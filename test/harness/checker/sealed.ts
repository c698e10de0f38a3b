/**
 * Opens what the buffer stores sealed, written from the format's description and apart from the gateway's own code:
 * data keys wrapped under box.key, packs of one commit group, keyed look-up hashes.
 */
import { createDecipheriv, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import type { Database } from 'better-sqlite3';
import { PACK_DICTIONARY_1 } from './pack-dictionary.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const LOOKUP_HASH_BYTES = 16;
const PURPOSE_PAYLOAD = 1;
const PURPOSE_LOOKUP = 2;

/** AES-256-GCM, laid out as nonce, tag, ciphertext. Throws when the bytes, the key or `aad` do not belong together. */
function openSeal(key: Buffer, sealed: Buffer, aad: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES));
  decipher.setAAD(Buffer.from(aad, 'utf8'));
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
}

/** The keys of one buffer, unwrapped. */
export class Keys {
  readonly #bufferId: string;
  readonly #payload = new Map<number, Buffer>();
  #lookup: Buffer = Buffer.alloc(0);

  /** `dataDir` holds box.key; throws when it is missing or not the key of `db`. */
  constructor(db: Database, dataDir: string) {
    const boxKey = readFileSync(join(dataDir, 'box.key'));
    const id = db.prepare<[], { value: string }>("SELECT value FROM meta WHERE name = 'buffer_id'").get();
    this.#bufferId = id?.value ?? '';
    const rows = db.prepare<[], { id: number; purpose: number; wrapped: Buffer }>(
      'SELECT key_id AS id, purpose, wrapped FROM data_key',
    );
    for (const { id: keyId, purpose, wrapped } of rows.all()) {
      const key = openSeal(boxKey, wrapped, `counterfoil data key ${keyId} purpose ${purpose}`);
      if (purpose === PURPOSE_PAYLOAD) this.#payload.set(keyId, key);
      if (purpose === PURPOSE_LOOKUP) this.#lookup = key;
    }
  }

  /** Payloads of the pack that row `packId` carries, in slot order. Throws when it was altered or moved. */
  openPack(packId: number, sealed: Buffer): Buffer[] {
    if (sealed[0] !== 1) throw new Error(`pack ${packId} has form ${sealed[0]}`);
    const key = this.#payload.get(sealed[1] ?? -1);
    if (key === undefined) throw new Error(`pack ${packId} names an unknown key`);
    const packed = openSeal(key, sealed.subarray(2), `counterfoil pack ${this.#bufferId} ${packId}`);
    const plain = zstdDecompressSync(packed, { dictionary: PACK_DICTIONARY_1 });
    const payloads: Buffer[] = [];
    for (let at = 0; at < plain.length; ) {
      const end = at + 4 + plain.readUInt32BE(at);
      if (end > plain.length) throw new Error(`pack ${packId} ends inside a payload`);
      payloads.push(plain.subarray(at + 4, end));
      at = end;
    }
    return payloads;
  }

  /** The keyed hash under which an idempotency key is looked up, 16 bytes. */
  keyHash(idempotencyKey: string): Buffer {
    const mac = createHash('sha256').update(this.#lookup).update(`key\0${idempotencyKey}`).digest();
    return mac.subarray(0, LOOKUP_HASH_BYTES);
  }
}
