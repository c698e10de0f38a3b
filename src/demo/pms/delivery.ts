/** Carrying out what was decided about a request: answering, not answering, and all the bad ways between the two. */
import type { ServerResponse } from 'node:http';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Answer, CODINGS, type Reaction } from './http.ts';

/** A bad way to bring an answer that is right in itself. */
export type Delivery =
  /** Silence for that long before the first byte. */
  | { readonly how: 'late'; readonly delayMs: number }
  /** The head at once, then one byte at a time. */
  | { readonly how: 'dripping'; readonly delayMs: number }
  /** Half of the body, then a cut. */
  | { readonly how: 'truncated' }
  /** The body after so many bytes of white space, which JSON allows. */
  | { readonly how: 'oversized'; readonly bytes: number }
  /** gzip, though nobody asked for it. */
  | { readonly how: 'gzip' };

/** What an answer is delivered with. */
export interface Carrier {
  readonly response: ServerResponse;
  readonly utcMs: number;
  /** Resolves after so many milliseconds, or early when the PMS stops. */
  readonly wait: (delayMs: number) => Promise<void>;
}

/** Carries out a reaction; `delivery` spoils the way of an answer. Resolves when the last byte was handed over. */
export async function react(carrier: Carrier, reaction: Reaction, delivery: Delivery | null): Promise<void> {
  const { response } = carrier;
  if (reaction === 'hang') return;
  // Nothing is read any more either: the peer sees a connection that stays open and says nothing.
  if (reaction === 'silence') return void response.req.socket.pause();
  if (reaction === 'drop') return void response.destroy();
  if (delivery === null) {
    const { bytes, headers } = coded(carrier, Buffer.from(textOf(reaction)));
    return void answerWith(carrier, reaction, bytes, headers);
  }
  await spoiled(carrier, reaction, delivery);
}

/** Below this a coding saves less than a packet. */
const WORTH_CODING_BYTES = 1024;

/** The body in the best coding the request asks for: results of a batch are mostly hashes and keys, which halve. */
function coded(carrier: Carrier, body: Buffer): { bytes: Buffer; headers: Record<string, string> } {
  const asked = String(carrier.response.req.headers['accept-encoding'] ?? '');
  if (body.length < WORTH_CODING_BYTES) return { bytes: body, headers: {} };
  if (/\bzstd\b/i.test(asked)) return { bytes: zstdCompressSync(body), headers: { 'content-encoding': 'zstd' } };
  if (/\bgzip\b/i.test(asked)) return { bytes: gzipSync(body), headers: { 'content-encoding': 'gzip' } };
  return { bytes: body, headers: {} };
}

async function spoiled(carrier: Carrier, answer: Answer, delivery: Delivery): Promise<void> {
  const body = Buffer.from(textOf(answer));
  switch (delivery.how) {
    case 'late':
      await carrier.wait(delivery.delayMs);
      return answerWith(carrier, answer, body);
    case 'dripping':
      return await drip(carrier, answer, body, delivery.delayMs);
    case 'truncated':
      head(carrier, answer, body.length);
      carrier.response.write(body.subarray(0, Math.floor(body.length / 2)), () => carrier.response.destroy());
      return;
    case 'oversized':
      return await padded(carrier, answer, body, delivery.bytes);
    case 'gzip':
      return answerWith(carrier, answer, gzipSync(body), { 'content-encoding': 'gzip' });
  }
}

async function drip(carrier: Carrier, answer: Answer, body: Buffer, delayMs: number): Promise<void> {
  head(carrier, answer, body.length);
  for (let index = 0; index < body.length && !carrier.response.destroyed; index += 1) {
    carrier.response.write(body.subarray(index, index + 1));
    await carrier.wait(delayMs);
  }
  carrier.response.end();
}

const PADDING = Buffer.alloc(64 * 1024, ' ');

async function padded(carrier: Carrier, answer: Answer, body: Buffer, bytes: number): Promise<void> {
  const { response } = carrier;
  head(carrier, answer, bytes + body.length);
  for (let left = bytes; left > 0 && !response.destroyed; left -= PADDING.length) {
    const room = response.write(PADDING.subarray(0, Math.min(left, PADDING.length)));
    if (!room) await new Promise<void>((resolve) => onceWritable(response, resolve));
  }
  response.end(body);
}

/** The peer may have gone instead of reading on. */
function onceWritable(response: ServerResponse, go: () => void): void {
  const done = () => {
    response.off('drain', done);
    response.off('close', done);
    go();
  };
  response.on('drain', done);
  response.on('close', done);
}

function textOf({ body }: Answer): string {
  if (body === null) return '';
  return typeof body === 'string' ? body : JSON.stringify(body);
}

function answerWith(carrier: Carrier, answer: Answer, body: Buffer, more: Record<string, string> = {}): void {
  head(carrier, answer, body.length, more);
  carrier.response.end(body);
}

function head(carrier: Carrier, answer: Answer, length: number, more: Record<string, string> = {}): void {
  const type = typeof answer.body === 'string' ? 'text/html; charset=utf-8' : 'application/json';
  carrier.response.writeHead(answer.status, {
    ...(answer.body === null ? {} : { 'content-type': type }),
    'content-length': length,
    'cache-control': 'no-store',
    'accept-encoding': CODINGS,
    date: new Date(carrier.utcMs).toUTCString(),
    ...more,
    ...answer.headers,
  });
}
