/**
 * Reads what recorder.c wrote (layout: recorder_log.h). Events come in the order in which they happened; `index` is an
 * event's place in that order and names moments everywhere else: "cut 17" is the moment after 17 events.
 */
import { readFileSync } from 'node:fs';

interface FileEvent {
  readonly index: number;
  readonly inode: bigint;
  /** Absolute path at the time of the event. */
  readonly path: string;
}

export interface OpenEvent extends FileEvent {
  readonly kind: 'open';
  readonly created: boolean;
  readonly truncated: boolean;
  readonly directory: boolean;
}
export interface WriteEvent extends FileEvent {
  readonly kind: 'write';
  /** Byte offset in the file. */
  readonly offset: number;
  readonly data: Buffer;
}
export interface TruncateEvent extends FileEvent {
  readonly kind: 'truncate';
  /** New size in bytes. */
  readonly size: number;
}
export interface SyncBeginEvent extends FileEvent {
  readonly kind: 'sync-begin';
  readonly sync: number;
}
export interface SyncEndEvent extends FileEvent {
  readonly kind: 'sync-end';
  /** Number of the sync, as in its `sync-begin`. */
  readonly sync: number;
  /** Whether the call returned 0. */
  readonly ok: boolean;
  /** True when the recorder let the call do nothing. */
  readonly noop: boolean;
}
export interface NameEvent extends FileEvent {
  readonly kind: 'unlink' | 'rmdir' | 'mkdir';
}
export interface RenameEvent extends FileEvent {
  readonly kind: 'rename';
  readonly to: string;
}
export interface FaultEvent extends FileEvent {
  readonly kind: 'fault';
}
export interface SendEvent {
  readonly kind: 'send';
  readonly index: number;
  /** Number of the connection, never used twice in a run. */
  readonly connection: number;
  readonly localPort: number;
  readonly peerPort: number;
  readonly data: Buffer;
}

export type DiskEvent =
  | OpenEvent
  | WriteEvent
  | TruncateEvent
  | SyncBeginEvent
  | SyncEndEvent
  | NameEvent
  | RenameEvent
  | FaultEvent;
export type LogEvent = DiskEvent | SendEvent;

const HEADER_BYTES = 48;
const UNSENT = 13;

interface RawEvent extends FileEvent {
  readonly code: number;
  readonly flags: number;
  readonly connection: number;
  readonly path2: string;
  readonly a: bigint;
  readonly b: bigint;
  readonly data: Buffer;
}

function decodeEvent(raw: RawEvent): LogEvent {
  const { index, inode, path } = raw;
  const at = { index, inode, path };
  switch (raw.code) {
    case 1:
      return {
        ...at,
        kind: 'open',
        created: (raw.flags & 1) !== 0,
        truncated: (raw.flags & 2) !== 0,
        directory: (raw.flags & 4) !== 0,
      };
    case 2:
      return { ...at, kind: 'write', offset: Number(raw.a), data: raw.data };
    case 3:
      return { ...at, kind: 'truncate', size: Number(raw.a) };
    case 4:
      return { ...at, kind: 'sync-begin', sync: Number(raw.b) };
    case 5:
      return { ...at, kind: 'sync-end', sync: Number(raw.b), ok: raw.a === 0n, noop: (raw.flags & 1) !== 0 };
    case 6:
      return { ...at, kind: 'rename', to: raw.path2 };
    case 7:
      return { ...at, kind: 'unlink' };
    case 8:
      return { ...at, kind: 'mkdir' };
    case 9:
      return { ...at, kind: 'rmdir' };
    case 10:
      return {
        kind: 'send',
        index,
        connection: raw.connection,
        localPort: Number(raw.a),
        peerPort: Number(raw.b),
        data: raw.data,
      };
    case 11:
      return { ...at, kind: 'fault' };
    default:
      throw new Error(`recorder log: the program made a call the crash model does not know: ${path || raw.code}`);
  }
}

/** A send is logged before it is tried; here is what the kernel did not take of the connection's last one. */
function takeBack(events: LogEvent[], connection: number, bytes: number): void {
  const place = events.findLastIndex((event) => event.kind === 'send' && event.connection === connection);
  const sent = events[place];
  if (sent?.kind !== 'send') throw new Error('recorder log: bytes taken back that were never sent');
  events[place] = { ...sent, data: sent.data.subarray(0, sent.data.length - bytes) };
}

/**
 * All events of a run. A last event cut short (the process was killed in the middle of appending it) is dropped; any
 * other damage is an error, because a state made from half a log proves nothing.
 */
export function readEventLog(file: string): LogEvent[] {
  const bytes = readFileSync(file);
  const events: LogEvent[] = [];
  let at = 0;
  while (at + HEADER_BYTES <= bytes.length) {
    const size = bytes.readUInt32LE(at);
    const pathEnd = at + HEADER_BYTES + bytes.readUInt16LE(at + 6);
    const path2End = pathEnd + bytes.readUInt32LE(at + 8);
    if (size < HEADER_BYTES) throw new Error(`recorder log: broken header at byte ${at}`);
    if (at + size > bytes.length) break;
    const code = bytes.readUInt8(at + 4);
    const connection = bytes.readUInt32LE(at + 12);
    if (code === UNSENT) {
      takeBack(events, connection, Number(bytes.readBigInt64LE(at + 24)));
      at += size;
      continue;
    }
    events.push(
      decodeEvent({
        index: events.length,
        code,
        flags: bytes.readUInt8(at + 5),
        connection,
        inode: bytes.readBigUInt64LE(at + 16),
        a: bytes.readBigInt64LE(at + 24),
        b: bytes.readBigInt64LE(at + 32),
        path: bytes.toString('utf8', at + HEADER_BYTES, pathEnd),
        path2: bytes.toString('utf8', pathEnd, path2End),
        data: bytes.subarray(path2End, at + size),
      }),
    );
    at += size;
  }
  return events;
}
