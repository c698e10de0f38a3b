/** A request as the PMS gets it, and what of it no gateway may get wrong whatever the PMS does. */
import { hash } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { canonicalJson, sha256 } from '../checker/canonical.ts';

export const PATHS = {
  ping: '/api/v1/inventory/ping',
  sync: '/api/v1/transactions/sync',
  lookup: '/api/v1/transactions/sync/lookup',
} as const;

export interface SentEntry {
  readonly stream_sequence: number;
  readonly sequence: number;
  readonly payload_hash: string;
  readonly idempotency_key?: string;
  readonly lane_hash?: string;
  readonly schedule?: string;
  readonly dual_verification?: boolean;
  readonly payload?: unknown;
  readonly gap?: string;
}

export interface SentBatch {
  readonly gateway_id: string;
  readonly epoch: string;
  readonly stream: string;
  readonly first_sequence: number;
  readonly records: readonly SentEntry[];
}

export interface Request {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Length of the body after decoding, in bytes. */
  readonly bytes: number;
  /** SHA-256 of the decoded body, hexadecimal: the name its attempt has in the trail. */
  readonly key: string;
  readonly batch: SentBatch | null;
  readonly lookup: readonly string[] | null;
  /** What is wrong with it by the protocol alone. */
  readonly faults: readonly string[];
}

export async function readRequest(message: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  const raw = Buffer.concat(chunks);
  const body = decoded(raw, message.headers['content-encoding']);
  const path = message.url ?? '';
  const json: unknown = body.length === 0 ? null : JSON.parse(body.toString('utf8'));
  const batch = path === PATHS.sync ? (json as SentBatch) : null;
  const faults = path === PATHS.ping ? [] : headerFaults(message.headers, raw, body, batch !== null);
  return {
    path,
    headers: message.headers,
    bytes: body.length,
    key: sha256(body),
    batch,
    lookup: path === PATHS.lookup ? (json as { keys: string[] }).keys : null,
    faults: [...faults, ...(batch === null ? [] : batchFaults(batch))],
  };
}

function decoded(raw: Buffer, coding: string | undefined): Buffer {
  if (coding === 'gzip') return gunzipSync(raw);
  return coding === 'zstd' ? zstdDecompressSync(raw) : raw;
}

function headerFaults(headers: IncomingHttpHeaders, raw: Buffer, body: Buffer, isBatch: boolean): string[] {
  const faults: string[] = [];
  if (headers['content-digest'] !== `sha-256=:${hash('sha256', raw, 'base64')}:`)
    faults.push('the Content-Digest is wrong');
  if (isBatch && headers['x-idempotency-key'] !== sha256(body)) faults.push('the same bytes have another batch key');
  return faults;
}

function batchFaults(batch: SentBatch): string[] {
  if (batch.records.length === 0) return ['a batch is empty'];
  return batch.records.flatMap((entry, index) => {
    const place = `${batch.stream} ${entry.stream_sequence}`;
    if (entry.stream_sequence !== batch.first_sequence + index) return [`${place} does not continue its batch`];
    return entry.gap === undefined ? recordFaults(batch.stream, entry, place) : [];
  });
}

function recordFaults(stream: string, entry: SentEntry, place: string): string[] {
  const faults: string[] = [];
  const two = entry.schedule === 'II';
  if (two !== (stream === 'schedule_two')) faults.push(`${place} goes in the wrong stream`);
  if (two !== (entry.dual_verification === true)) faults.push(`${place} does not say whether it is to be verified`);
  if (sha256(canonicalJson(entry.payload)) !== entry.payload_hash) faults.push(`${place} is not what its hash says`);
  return faults;
}
