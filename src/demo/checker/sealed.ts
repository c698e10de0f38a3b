/**
 * Opens what the buffer stores sealed, after docs/FORMATS.md and apart from the gateway's code. It can also seal again:
 * whoever has root on the box has its key, and the demo shows what that person can and cannot do unnoticed.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type Database from 'better-sqlite3';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FORM = 1;
const PURPOSE_PAYLOAD = 1;

/** Text that Zstandard is shown first; part of pack form 1, so it is written down here once more. */
const DICTIONARY = Buffer.from(
  [
    '{"barcode":"]d20100305744072055172711301","kind":"PARTIAL_FILL","reason":"","quantity_delta":-1,',
    '"kind":"ADJUSTMENT","kind":"RETURN","kind":"VOID","refers_to":"","partial_number":1,',
    '"dispensed_at_utc_sent":"2026-01-01T00:00:00-05:00","schedule_sent":"C-","schedule_sent":"CII",',
    '{"dispensed_at_utc":"2026-11-22T09:03:00Z","dispensed_at_utc":"2026-12-01T10:15:27.000Z","expires_on":"2027-11-30",',
    '"fill_number":0,"gtin":"00300000000000","idempotency_key":"00000000-0000-4000-8000-000000000000","kind":"DISPENSE",',
    '"lane_instance":"00000000-0000-4000-8000-000000000000","lane_sequence":1000,"lot":"A1","ndc":"00574407205",',
    '"ndc_sent":"0574-4072-05","patient_ref":"","pharmacist_npi":"1234567893","prescriber_dea":"AB1234563",',
    '"prescription_id":"RX-1000","quantity":30,"quantity":"2.5","quantity_unit":"EA","schedule":"NONE","schedule":"IV",',
    '"schedule":"III","schedule":"II","schema_version":1,"serial":"","signatures":[{"protected":"","signature":""}],',
    '"witnessed_checkpoint":""}',
  ].join(''),
  'latin1',
);

/** nonce ‖ tag ‖ ciphertext (AES-256-GCM). Throws when key, bytes and `aad` do not belong together. */
function open(key: Buffer, sealed: Buffer, aad: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES));
  decipher.setAAD(Buffer.from(aad));
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
}

/** The keys of one buffer, unwrapped. */
export class Seals {
  readonly #bufferId: string;
  readonly #keys = new Map<number, Buffer>();

  /** `dataDir` holds box.key. Throws when it is missing or is not the key of `db`. */
  constructor(db: Database.Database, dataDir: string) {
    const boxKey = readFileSync(join(dataDir, 'box.key'));
    const named = db.prepare<[], { value: string }>("SELECT value FROM meta WHERE name = 'buffer_id'").get();
    this.#bufferId = named?.value ?? '';
    const wrapped = db.prepare<[number], { id: number; wrapped: Buffer }>(
      'SELECT key_id AS id, wrapped FROM data_key WHERE purpose = ?',
    );
    for (const row of wrapped.all(PURPOSE_PAYLOAD)) {
      this.#keys.set(row.id, open(boxKey, row.wrapped, `counterfoil data key ${row.id} purpose ${PURPOSE_PAYLOAD}`));
    }
  }

  /** Payloads of the pack that row `packId` carries, in slot order; null when its bytes were altered. */
  openPack(packId: number, sealed: Buffer): Buffer[] | null {
    const key = this.#keys.get(sealed[1] ?? -1);
    if (sealed[0] !== FORM || key === undefined) return null;
    try {
      const packed = open(key, sealed.subarray(2), this.#aad(packId));
      return split(zstdDecompressSync(packed, { dictionary: DICTIONARY }));
    } catch {
      return null;
    }
  }

  /** The pack with other payloads, under the key that `before` was sealed with. */
  sealPack(packId: number, payloads: readonly Buffer[], before: Buffer): Buffer {
    const keyId = before[1] ?? -1;
    const key = this.#keys.get(keyId);
    if (key === undefined) throw new Error(`pack ${packId} names an unknown key`);
    const packed = zstdCompressSync(joined(payloads), { dictionary: DICTIONARY });
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    cipher.setAAD(Buffer.from(this.#aad(packId)));
    const body = Buffer.concat([cipher.update(packed), cipher.final()]);
    return Buffer.concat([Buffer.from([FORM, keyId]), nonce, cipher.getAuthTag(), body]);
  }

  #aad(packId: number): string {
    return `counterfoil pack ${this.#bufferId} ${packId}`;
  }
}

/** Each payload after its length, 4 bytes big-endian. */
function split(plain: Buffer): Buffer[] {
  const payloads: Buffer[] = [];
  for (let at = 0; at < plain.length; ) {
    const end = at + 4 + plain.readUInt32BE(at);
    if (end > plain.length) throw new RangeError('a pack ends inside a payload');
    payloads.push(plain.subarray(at + 4, end));
    at = end;
  }
  return payloads;
}

function joined(payloads: readonly Buffer[]): Buffer {
  return Buffer.concat(
    payloads.flatMap((payload) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(payload.length);
      return [length, payload];
    }),
  );
}
