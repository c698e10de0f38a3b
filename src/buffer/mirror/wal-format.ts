/**
 * SQLite's write-ahead log, as sqlite.org/fileformat2.html section 4 has it: a header of 32 bytes, then frames, each a head of
 * 24 bytes and a page. Every frame carries the salts of the header and a checksum over everything before it, so whoever
 * reads from the beginning knows to the byte how far a log is whole.
 */

export const WAL_HEADER_BYTES = 32;
const FRAME_HEAD_BYTES = 24;
/** The low bit says in which order the words of the checksum are read. */
const MAGIC_LITTLE = 0x377f0682;
const MAGIC_BIG = 0x377f0683;
const VERSION = 3007000;

/** One life of a log file: from one restart to the next. */
export interface WalHeader {
  readonly pageBytes: number;
  /** Counts the restarts. */
  readonly restarts: number;
  readonly salt1: number;
  readonly salt2: number;
  readonly isBig: boolean;
  readonly sum: Checksum;
}

export interface Checksum {
  readonly s0: number;
  readonly s1: number;
}

/** One frame that belongs to its log. */
export interface WalFrame {
  readonly page: number;
  /** Pages of the database once this frame's transaction is committed; 0: the frame commits nothing. */
  readonly databasePages: number;
  readonly bytes: Buffer;
  readonly sum: Checksum;
}

export const frameBytes = (pageBytes: number): number => FRAME_HEAD_BYTES + pageBytes;

/** Two running sums over pairs of 32-bit words (section 4.2). `bytes` has a multiple of eight of them. */
function checksum(bytes: Buffer, isBig: boolean, before: Checksum): Checksum {
  let { s0, s1 } = before;
  for (let at = 0; at < bytes.length; at += 8) {
    s0 = (s0 + (isBig ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)) + s1) >>> 0;
    s1 = (s1 + (isBig ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4)) + s0) >>> 0;
  }
  return { s0, s1 };
}

const NOTHING: Checksum = { s0: 0, s1: 0 };

/** Null when it is not there, torn, or of another version. */
export function parseWalHeader(bytes: Buffer): WalHeader | null {
  if (bytes.length < WAL_HEADER_BYTES) return null;
  const magic = bytes.readUInt32BE(0);
  if ((magic !== MAGIC_LITTLE && magic !== MAGIC_BIG) || bytes.readUInt32BE(4) !== VERSION) return null;
  const isBig = magic === MAGIC_BIG;
  const sum = checksum(bytes.subarray(0, 24), isBig, NOTHING);
  if (sum.s0 !== bytes.readUInt32BE(24) || sum.s1 !== bytes.readUInt32BE(28)) return null;
  return {
    pageBytes: bytes.readUInt32BE(8),
    restarts: bytes.readUInt32BE(12),
    salt1: bytes.readUInt32BE(16),
    salt2: bytes.readUInt32BE(20),
    isBig,
    sum,
  };
}

/** A fresh header with these salts; its bytes and what follows from it. */
export function composeWalHeader(
  pageBytes: number,
  salt1: number,
  salt2: number,
): { bytes: Buffer; header: WalHeader } {
  const bytes = Buffer.alloc(WAL_HEADER_BYTES);
  bytes.writeUInt32BE(MAGIC_LITTLE, 0);
  bytes.writeUInt32BE(VERSION, 4);
  bytes.writeUInt32BE(pageBytes, 8);
  bytes.writeUInt32BE(0, 12);
  bytes.writeUInt32BE(salt1, 16);
  bytes.writeUInt32BE(salt2, 20);
  const sum = checksum(bytes.subarray(0, 24), false, NOTHING);
  bytes.writeUInt32BE(sum.s0, 24);
  bytes.writeUInt32BE(sum.s1, 28);
  return { bytes, header: { pageBytes, restarts: 0, salt1, salt2, isBig: false, sum } };
}

/** The frame at the beginning of `bytes`; null when there is none that continues `before`. */
export function parseFrame(bytes: Buffer, header: WalHeader, before: Checksum): WalFrame | null {
  if (bytes.length < frameBytes(header.pageBytes)) return null;
  if (bytes.readUInt32BE(8) !== header.salt1 || bytes.readUInt32BE(12) !== header.salt2) return null;
  const page = bytes.subarray(FRAME_HEAD_BYTES, frameBytes(header.pageBytes));
  const sum = checksum(page, header.isBig, checksum(bytes.subarray(0, 8), header.isBig, before));
  if (sum.s0 !== bytes.readUInt32BE(16) || sum.s1 !== bytes.readUInt32BE(20)) return null;
  return { page: bytes.readUInt32BE(0), databasePages: bytes.readUInt32BE(4), bytes: page, sum };
}

/** A frame that continues `before`. */
export function composeFrame(
  header: WalHeader,
  before: Checksum,
  { page, databasePages, bytes }: Omit<WalFrame, 'sum'>,
): { bytes: Buffer; sum: Checksum } {
  const frame = Buffer.alloc(frameBytes(header.pageBytes));
  frame.writeUInt32BE(page, 0);
  frame.writeUInt32BE(databasePages, 4);
  frame.writeUInt32BE(header.salt1, 8);
  frame.writeUInt32BE(header.salt2, 12);
  frame.set(bytes, FRAME_HEAD_BYTES);
  const sum = checksum(bytes, header.isBig, checksum(frame.subarray(0, 8), header.isBig, before));
  frame.writeUInt32BE(sum.s0, 16);
  frame.writeUInt32BE(sum.s1, 20);
  return { bytes: frame, sum };
}

/** How far a piece of a log is whole, and the last commit in it. */
export interface WalRun {
  /** Bytes of whole frames, and of those up to the last commit. */
  readonly wholeBytes: number;
  readonly committedBytes: number;
  /** Checksum at the last commit. */
  readonly sum: Checksum;
  /** Pages of the database at the last commit; 0: there is no commit in it. */
  readonly databasePages: number;
  /** Newest content of each page up to the last commit, as its place in `piece`. */
  readonly pages: ReadonlyMap<number, Buffer>;
}

/** Reads the frames at the beginning of `piece`, which continue `before`. */
export function readRun(piece: Buffer, header: WalHeader, before: Checksum): WalRun {
  const step = frameBytes(header.pageBytes);
  const pages = new Map<number, Buffer>();
  let open: WalFrame[] = [];
  let at = 0;
  let last = before;
  let committed = { bytes: 0, sum: before, databasePages: 0 };
  for (;;) {
    const frame = parseFrame(piece.subarray(at), header, last);
    if (frame === null) break;
    at += step;
    last = frame.sum;
    open.push(frame);
    if (frame.databasePages === 0) continue;
    for (const { page, bytes } of open) pages.set(page, bytes);
    open = [];
    committed = { bytes: at, sum: last, databasePages: frame.databasePages };
  }
  return {
    wholeBytes: at,
    committedBytes: committed.bytes,
    sum: committed.sum,
    databasePages: committed.databasePages,
    pages,
  };
}
