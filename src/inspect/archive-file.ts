/**
 * One file of the archive against what the trail tells of its frames. Only the clear parts are read: the hash in an entry is over a
 * whole frame with its head, and the first frame's head names the hash of the header, so nothing in a file can be other than it was.
 */
import { createHash } from 'node:crypto';
import type { ToldFrame } from './archive-told.ts';
import { pieces } from './files.ts';
import type { ArchiveFaultCode } from './verdict.ts';

const FILE_MAGIC = 'CFARCH1\n';
const FRAME_MAGIC = 'CFFR';
const LENGTH_BYTES = 4;
const HASH_BYTES = 32;
/** Heads and headers have some hundred bytes; a length beyond this is none of ours. */
const MAX_HEAD_BYTES = 64 * 1024;

export interface ArchiveFileTask {
  readonly path: string;
  readonly bytes: number;
  /** By the frame's number. */
  readonly told: ReadonlyMap<number, ToldFrame>;
  readonly onBytes: (bytes: number) => void;
  readonly onFault: (code: ArchiveFaultCode, offset: number, frame: number | null, message: string) => void;
}

/** What holds in a file. */
export interface ArchiveFileResult {
  frames: number;
  records: number;
  /** Where the bytes begin that no entry tells of; the file's length when there are none. */
  end: number;
}

interface Head {
  readonly length: number;
  readonly n: unknown;
  readonly previous: unknown;
  readonly records: unknown;
  readonly span: number;
  readonly sealed: number;
}

/** Checks a file that is there. @throws CounterfoilError `storage_io`. */
export function checkArchiveFile(task: ArchiveFileTask): ArchiveFileResult {
  const { path, bytes, told, onFault } = task;
  const result: ArchiveFileResult = { frames: 0, records: 0, end: bytes };
  const last = Math.max(...told.keys());
  const header = headerEnd(path, bytes);
  if (header === null) {
    onFault('archive_header', 0, null, 'it does not begin as an archive file, so its frames cannot be found');
    return result;
  }
  let previous = digestOf(task, 0, header);
  let at = header;
  for (let n = 0; n <= last; n += 1) {
    const expected = told.get(n);
    const head = headOf(path, at, bytes);
    // Told of by an entry that is not here (a window), its own head has to say how long it is.
    const length = expected?.bytes ?? (head === null ? 0 : head.length + head.sealed + HASH_BYTES);
    if (length <= HASH_BYTES && at < bytes) {
      onFault('archive_frame', at, n, `frame ${n} is no frame, and what follows cannot be found`);
      return result;
    }
    if (length <= HASH_BYTES || at + length > bytes) {
      onFault('archive_cut', at, n, `it ends at byte ${bytes}, before the end of frame ${n}`);
      return result;
    }
    const digest = digestOf(task, at, at + length - HASH_BYTES);
    const written = bytesOf(path, at + length - HASH_BYTES, at + length).toString('base64');
    const claimed = expected?.hash ?? written;
    if (digest !== claimed || written !== claimed) {
      onFault('archive_frame', at, n, `frame ${n}${ofEntry(expected)} was changed`);
    } else if (head === null || head.n !== n || head.length + head.sealed + HASH_BYTES !== length) {
      onFault('archive_frame', at, n, `frame ${n}${ofEntry(expected)} is another frame, or none`);
    } else if (head.previous !== previous) {
      const [code, offset, what] = n === 0 ? (['archive_header', 0, 'the header'] as const) : CHAIN(at, n);
      onFault(code, offset, n === 0 ? null : n, `${what} is not what frame ${n} goes on from`);
    } else if (expected !== undefined && (head.records !== expected.records || head.span !== expected.span)) {
      onFault('archive_chain', at, n, `frame ${n} has other records than entry ${expected.index} tells of`);
    } else {
      result.frames += 1;
      result.records += Number(head.records);
    }
    previous = claimed;
    at += length;
  }
  result.end = at;
  return result;
}

const CHAIN = (at: number, n: number) => ['archive_chain', at, `frame ${n - 1}`] as const;

const ofEntry = (told: ToldFrame | undefined): string =>
  told === undefined ? '' : `, told of by entry ${told.index},`;

function headerEnd(path: string, bytes: number): number | null {
  const begin = FILE_MAGIC.length + LENGTH_BYTES;
  if (bytes < begin) return null;
  const start = bytesOf(path, 0, begin);
  const length = start.readUInt32BE(FILE_MAGIC.length);
  const isOurs = start.toString('latin1', 0, FILE_MAGIC.length) === FILE_MAGIC;
  return isOurs && length <= MAX_HEAD_BYTES && begin + length <= bytes ? begin + length : null;
}

/** The clear head of the frame at `at`; null when there is none. */
function headOf(path: string, at: number, bytes: number): Head | null {
  const begin = FRAME_MAGIC.length + LENGTH_BYTES;
  if (at + begin > bytes) return null;
  const start = bytesOf(path, at, at + begin);
  const length = start.readUInt32BE(FRAME_MAGIC.length);
  if (start.toString('latin1', 0, FRAME_MAGIC.length) !== FRAME_MAGIC || length > MAX_HEAD_BYTES) return null;
  try {
    const text = bytesOf(path, at + begin, Math.min(bytes, at + begin + length)).toString('utf8');
    const { body, first, help, last, n, previous, records } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const sealed = Number(help) + Number(body);
    if (!Number.isSafeInteger(sealed) || sealed < 0) return null;
    return { length: begin + length, n, previous, records, span: Number(last) - Number(first), sealed };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

function bytesOf(path: string, from: number, to: number): Buffer {
  return Buffer.concat([...pieces(path, from, to)].map((piece) => Buffer.from(piece)));
}

/** SHA-256 in base64, read in pieces: a frame can be large. */
function digestOf({ path, onBytes }: ArchiveFileTask, from: number, to: number): string {
  const digest = createHash('sha256');
  for (const piece of pieces(path, from, to)) {
    digest.update(piece);
    onBytes(piece.length);
  }
  return digest.digest('base64');
}
