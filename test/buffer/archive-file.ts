/**
 * Reads archive files as a stranger would who has the box's key and docs/FORMATS.md, and nothing else: no database, none of
 * our code. Throws at the first thing that is not as the formats say.
 */
import { createDecipheriv, createHash } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';

export interface ReadRecord {
  readonly record_id: number;
  readonly state: string;
  readonly payload: string;
  readonly payload_hash: string;
  readonly [member: string]: unknown;
}

export interface ReadFile {
  readonly header: Readonly<Record<string, unknown>>;
  readonly heads: readonly Readonly<Record<string, unknown>>[];
  readonly records: readonly ReadRecord[];
  /** Bytes behind the last whole frame. */
  readonly tail: number;
}

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

function open(key: Buffer, sealed: Buffer, aad: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12));
  decipher.setAAD(Buffer.from(aad));
  decipher.setAuthTag(sealed.subarray(12, 28));
  return Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]);
}

export function readArchiveFile(bytes: Buffer, boxKey: Buffer): ReadFile {
  if (bytes.toString('latin1', 0, 8) !== 'CFARCH1\n') throw new Error('no archive file');
  const headerEnd = 12 + bytes.readUInt32BE(8);
  const header = JSON.parse(bytes.toString('utf8', 12, headerEnd));
  const key = open(boxKey, Buffer.from(header.wrapped, 'base64'), `counterfoil data key ${header.key_id} purpose 3`);
  const heads: Record<string, unknown>[] = [];
  const records: ReadRecord[] = [];
  let previous = sha256(bytes.subarray(0, headerEnd));
  let at = headerEnd;
  while (at < bytes.length) {
    const frame = frameAt(bytes, at, key, previous, heads.length, header.file_id);
    if (frame === null) break;
    heads.push(frame.head);
    records.push(...frame.records);
    previous = frame.hash;
    at = frame.end;
  }
  return { header, heads, records, tail: bytes.length - at };
}

function frameAt(bytes: Buffer, at: number, key: Buffer, previous: Buffer, n: number, fileId: string) {
  if (bytes.length < at + 8 || bytes.toString('latin1', at, at + 4) !== 'CFFR') return null;
  const headEnd = at + 8 + bytes.readUInt32BE(at + 4);
  if (headEnd > bytes.length) return null;
  const head = JSON.parse(bytes.toString('utf8', at + 8, headEnd));
  const helpEnd = headEnd + head.help;
  const bodyEnd = helpEnd + head.body;
  if (bodyEnd + 32 > bytes.length) return null;
  const hash = sha256(bytes.subarray(at, bodyEnd));
  if (!hash.equals(bytes.subarray(bodyEnd, bodyEnd + 32))) throw new Error(`frame ${n} is altered`);
  if (head.n !== n || head.previous !== previous.toString('base64')) throw new Error(`frame ${n} does not continue`);
  const aad = `counterfoil archive ${fileId} ${n} ${previous.toString('hex')}`;
  const help = open(key, bytes.subarray(headEnd, helpEnd), `${aad} help`);
  const packed = open(key, bytes.subarray(helpEnd, bodyEnd), `${aad} records`);
  const records = JSON.parse(zstdDecompressSync(packed).toString()).records as ReadRecord[];
  for (const { payload, payload_hash: wanted } of records) {
    if (sha256(Buffer.from(payload)).toString('base64') !== wanted)
      throw new Error(`a record of frame ${n} is altered`);
    const { patient_ref: patient } = JSON.parse(payload);
    if (typeof patient === 'string' && !bitsSet(help, `patient\u0000${patient}`)) throw new Error('not in the help');
  }
  return { head, records, hash, end: bodyEnd + 32 };
}

function bitsSet(bits: Buffer, value: string): boolean {
  const digest = sha256(Buffer.from(value));
  const [a, b] = [digest.readUInt32BE(0), digest.readUInt32BE(4)];
  for (let i = 0; i < 7; i++) {
    const position = (a + i * b) % (bits.length * 8);
    if (((bits[position >> 3] ?? 0) & (1 << (position & 7))) === 0) return false;
  }
  return true;
}
