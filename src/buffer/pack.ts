/**
 * A pack: the payloads of one commit group and trail, compressed and sealed together. Sealing the group instead of each
 * record costs a tenth of the time and writes a third of the bytes; each payload still has its own SHA-256 in its row,
 * checked whenever it is read. If a pack cannot be opened, all its records are damaged (at most PACK_RECORDS).
 *
 * Plain form: for each payload a 4-byte big-endian length and its bytes. Compressed with Zstandard (RFC 8878) and the
 * fixed dictionary of `dictionary.ts`, then sealed. First byte before the seal names the form (1).
 */
import { hash } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { DICTIONARY_1 } from './dictionary.ts';
import type { Keyring } from './keyring.ts';

/** Most records in one pack: bounds what one damaged sector can take, and keeps the trail entry under 64 KiB. */
export const PACK_RECORDS = 256;
const FORM_ZSTD_DICTIONARY_1 = 1;
const LENGTH_BYTES = 4;
/** A pack is closed before it grows over this; one larger record still makes a pack of its own. */
export const PACK_PLAIN_BYTES = 1024 * 1024;
/** No honest pack unpacks to more: a record of 64 KiB grows at most fivefold (numbers written out). */
const MAX_PLAIN_BYTES = 2 * PACK_PLAIN_BYTES;

/** What a pack is bound to: moved to another row or buffer it does not open. */
const aadOf = (bufferId: string, packId: number): string => `counterfoil pack ${bufferId} ${packId}`;

/** Seals `payloads` as the pack that row `packId` of buffer `bufferId` carries. */
export function sealPack(ring: Keyring, bufferId: string, packId: number, payloads: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const payload of payloads) {
    const length = Buffer.allocUnsafe(LENGTH_BYTES);
    length.writeUInt32BE(payload.length);
    parts.push(length, payload);
  }
  const packed = zstdCompressSync(Buffer.concat(parts), {
    dictionary: DICTIONARY_1,
    params: { [constants.ZSTD_c_compressionLevel]: 1 },
  });
  return Buffer.concat([Buffer.from([FORM_ZSTD_DICTIONARY_1]), ring.sealBytes(packed, aadOf(bufferId, packId))]);
}

/** The payloads of a pack in slot order, or null when its bytes were altered. */
export function openPack(ring: Keyring, bufferId: string, packId: number, sealed: Uint8Array): Buffer[] | null {
  if (sealed[0] !== FORM_ZSTD_DICTIONARY_1) return null;
  const packed = ring.unsealBytes(sealed.subarray(1), aadOf(bufferId, packId));
  if (packed === null) return null;
  const plain = unpack(packed);
  if (plain === null) return null;
  const payloads: Buffer[] = [];
  let at = 0;
  while (at < plain.length) {
    const end = at + LENGTH_BYTES + plain.readUInt32BE(at);
    payloads.push(plain.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  return payloads;
}

function unpack(packed: Buffer): Buffer | null {
  try {
    return zstdDecompressSync(packed, { dictionary: DICTIONARY_1, maxOutputLength: MAX_PLAIN_BYTES });
  } catch {
    return null;
  }
}

/** Whether stored bytes are still those that were hashed when the record was taken. */
export function isIntact(payload: Uint8Array | undefined, payloadHash: Buffer): payload is Uint8Array {
  return payload !== undefined && hash('sha256', payload, 'buffer').equals(payloadHash);
}
