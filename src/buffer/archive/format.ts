/**
 * Archive files, as docs/FORMATS.md has them: a header, then frames that are only ever appended. Each frame is a clear head
 * without patient data, a sealed look-up help, the sealed records, and the SHA-256 of all that. Every frame names the hash
 * of what stands before it, so none can be taken out, put in or moved.
 */
import { hash } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { lookupValues, membersOf } from '../../record/lookup.ts';
import type { ArchivePart, FramePlace, KeptRecord, SealedFrame } from '../archive-api.ts';
import { type ArchiveKey, seal, unseal } from '../keyring.ts';
import { bloomOf } from './bloom.ts';

const FILE_MAGIC = Buffer.from('CFARCH1\n');
const FRAME_MAGIC = Buffer.from('CFFR');
const LENGTH_BYTES = 4;
const HASH_BYTES = 32;
/** Measured: half of a frame is hashes and signatures, so a higher level takes longer and saves nothing. */
const ZSTD_LEVEL = 3;
/** No frame unpacks to more: 512 records of 64 KiB, written out. */
const MAX_PLAIN_BYTES = 256 * 1024 * 1024;

export interface HeaderStatement {
  readonly buffer_id: string;
  readonly created_ms: number;
  readonly file_id: string;
  readonly gateway_id: string;
  readonly key_id: number;
  readonly month: string;
  readonly part: number;
  /** What counts of the part before: so many frames, that many bytes. */
  readonly previous: { readonly bytes: number; readonly frames: number; readonly hash: string } | null;
  readonly stream: string;
  readonly v: 1;
  /** The archive key under the box key, base64. */
  readonly wrapped: string;
}

/** The clear head of a frame. */
export interface FrameHead {
  readonly archived_ms: number;
  /** Bytes of the sealed look-up help and of the sealed records. */
  readonly body: number;
  readonly file_id: string;
  readonly first: number;
  readonly from_ms: number;
  readonly help: number;
  readonly last: number;
  readonly n: number;
  readonly previous: string;
  readonly records: number;
  readonly to_ms: number;
}

const lengthOf = (bytes: Buffer): Buffer => {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(bytes.length);
  return length;
};

const sha256 = (bytes: Buffer): Buffer => hash('sha256', bytes, 'buffer');

export function previousOf(part: ArchivePart | null): HeaderStatement['previous'] {
  return part === null ? null : { bytes: part.bytes, frames: part.frames, hash: part.hash.toString('base64') };
}

/** `statement` has its members in the order of RFC 8785. */
export function encodeHeader(statement: HeaderStatement): Buffer {
  const text = Buffer.from(JSON.stringify(statement));
  return Buffer.concat([FILE_MAGIC, lengthOf(text), text]);
}

const aadOf = (what: 'help' | 'records', { fileId, number, previous }: FramePlace): string =>
  `counterfoil archive ${fileId} ${number} ${previous.toString('hex')} ${what}`;

/** Seals records as one frame. Throws for none: a frame without records means nothing. */
export function encodeFrame(key: ArchiveKey, place: FramePlace, records: readonly KeptRecord[]): SealedFrame {
  const [first] = records;
  if (first === undefined) throw new Error('a frame needs records');
  const help = seal(
    key.key,
    bloomOf(records.flatMap((record) => lookupValues(membersOf(record.payload)))),
    aadOf('help', place),
  );
  const packed = zstdCompressSync(Buffer.from(JSON.stringify({ records })), {
    params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL },
  });
  const body = seal(key.key, packed, aadOf('records', place));
  const ids = records.map((record) => record.record_id);
  const times = records.map((record) => record.received_ms);
  const head: FrameHead = {
    archived_ms: place.archivedMs,
    body: body.length,
    file_id: place.fileId,
    first: Math.min(...ids),
    from_ms: Math.min(...times),
    help: help.length,
    last: Math.max(...ids),
    n: place.number,
    previous: place.previous.toString('base64'),
    records: records.length,
    to_ms: Math.max(...times),
  };
  const text = Buffer.from(JSON.stringify(head));
  const before = Buffer.concat([FRAME_MAGIC, lengthOf(text), text, help, body]);
  const digest = sha256(before);
  return { bytes: Buffer.concat([before, digest]), hash: digest };
}

export interface OpenedFrame {
  readonly head: FrameHead;
  readonly help: Buffer;
  records(): KeptRecord[];
}

/** The frame in exactly these bytes; null when they are altered or do not belong to that key and place. */
export function openFrame(
  key: ArchiveKey,
  place: Pick<FramePlace, 'fileId' | 'number'>,
  bytes: Buffer,
): OpenedFrame | null {
  const headEnd = FRAME_MAGIC.length + LENGTH_BYTES + (bytes.length > 8 ? bytes.readUInt32BE(FRAME_MAGIC.length) : 0);
  if (bytes.length < headEnd + HASH_BYTES || !bytes.subarray(0, FRAME_MAGIC.length).equals(FRAME_MAGIC)) return null;
  const end = bytes.length - HASH_BYTES;
  if (!sha256(bytes.subarray(0, end)).equals(bytes.subarray(end))) return null;
  const head = JSON.parse(bytes.toString('utf8', FRAME_MAGIC.length + LENGTH_BYTES, headEnd)) as FrameHead;
  if (head.file_id !== place.fileId || head.n !== place.number || headEnd + head.help + head.body !== end) return null;
  const whole = { ...place, previous: Buffer.from(head.previous, 'base64'), keyId: key.keyId, archivedMs: 0 };
  const help = unseal(key.key, bytes.subarray(headEnd, headEnd + head.help), aadOf('help', whole));
  if (help === null) return null;
  return {
    head,
    help,
    records() {
      const packed = unseal(key.key, bytes.subarray(headEnd + head.help, end), aadOf('records', whole));
      if (packed === null) throw new Error('a frame whose hash holds does not open');
      const plain = zstdDecompressSync(packed, { maxOutputLength: MAX_PLAIN_BYTES });
      return (JSON.parse(plain.toString()) as { records: KeptRecord[] }).records;
    },
  };
}
