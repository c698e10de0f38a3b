/**
 * Trail entries as the buffer fixes them: final bytes, index and chain link are decided inside the transaction of the
 * change they tell of. An entry is RFC 8785 JSON with the members b (boot id), i (index), k (kind), m (monotonic ms),
 * p (previous leaf, base64), r (body), t (UTC time). Its leaf is SHA-256(0x00 ‖ entry), RFC 6962 section 2.1.
 *
 * An `intake` entry is not stored as text: it is rebuilt from the rows of its pack by `intakeBody`, and the leaf in the
 * carrier row says whether the rebuilt bytes are the ones that were fixed.
 */
import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { toUtcText } from '../base/clock.ts';
import { scheduleName } from './codes.ts';

/** Largest entry in bytes (design of the trail: a 16-bit length in C2SP tiles). */
export const MAX_ENTRY_BYTES = 65_535;

export interface EntryHead {
  readonly bootId: string;
  readonly index: number;
  readonly monotonicMs: number;
  readonly previousLeaf: Buffer;
  readonly utcMs: number;
}

/** Entry text for a body that is already RFC 8785 JSON. Member order b i k m p r t is RFC 8785's. */
export function entryText(head: EntryHead, kind: string, bodyJson: string): string {
  const previous = head.previousLeaf.toString('base64');
  const monotonic = Math.trunc(head.monotonicMs);
  return `{"b":"${head.bootId}","i":${head.index},"k":"${kind}","m":${monotonic},"p":"${previous}","r":${bodyJson},"t":"${toUtcText(head.utcMs)}"}`;
}

const LEAF_PREFIX = Buffer.from([0]);

/** RFC 6962 leaf hash of an entry, 32 bytes. */
export function leafOf(entry: string): Buffer {
  return hash('sha256', Buffer.concat([LEAF_PREFIX, Buffer.from(entry)]), 'buffer');
}

/** The link of the first entry of a trail. */
export const NO_LEAF: Buffer = Buffer.alloc(32);

/** RFC 8785 JSON of an event body. Throws on what JSON cannot hold: that is a programming error. */
export function bodyJson(body: Readonly<Record<string, unknown>>): string {
  const text = canonicalize(body);
  if (text === undefined) throw new Error('a trail body must be a JSON object');
  return text;
}

/** The columns of a record row that its `intake` entry states. */
export interface IntakeRow {
  readonly sequence: number;
  readonly lane: string;
  readonly schedule: number;
  readonly laneHash: Buffer;
  readonly payloadHash: Buffer;
  readonly receivedMs: number;
  readonly clock: number;
  readonly flags: number;
}

/**
 * Body of an `intake` entry: one array per record, `[sequence, lane, schedule, lane_hash, payload_hash, received_ms,
 * clock, flags]`, hashes in base64, flags as the integer of FLAGS bits. Lane names are [A-Za-z0-9_-] and need no escape.
 */
export function intakeBody(rows: readonly IntakeRow[]): string {
  let text = '{"records":[';
  for (const [at, row] of rows.entries()) {
    const hashes = `"${row.laneHash.toString('base64')}","${row.payloadHash.toString('base64')}"`;
    text += `${at === 0 ? '' : ','}[${row.sequence},"${row.lane}","${scheduleName(row.schedule)}",${hashes},${row.receivedMs},${row.clock},${row.flags}]`;
  }
  return `${text}]}`;
}
