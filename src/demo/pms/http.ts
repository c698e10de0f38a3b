/** The HTTP the PMS speaks, without its meaning: reading a body within limits and checking its digest. */
import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent as HTML, an object as JSON, null as nothing at all. */
  readonly body: string | object | null;
}

/**
 * `drop` cuts the connection without an answer, `hang` leaves it open without one, `silence` does not even read on, as
 * when a box on the way has forgotten the connection.
 */
export type Reaction = Answer | 'drop' | 'hang' | 'silence';

/** Ends a request with an answer other than 200. `error` is a code, `detail` says what to send instead. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(status: number, error: string, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(`${status} ${error}`);
    this.name = 'Refusal';
    this.answer = { status, headers, body: { error, detail } };
  }
}

/** Codings a request body may have, also told in every answer (RFC 9110 section 12.5.3). */
export const CODINGS = 'gzip, zstd';
const decoders = { gzip: promisify(gunzip), 'x-gzip': promisify(gunzip), zstd: promisify(zstdDecompress) };

/** Refuses a request without the expected token. Compares hashes, so that time tells nothing about the token. */
export function checkToken(request: IncomingMessage, token: string | null): void {
  if (token === null) return;
  const given = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const equal = timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', token, 'buffer'));
  if (!equal) throw new Refusal(401, 'unauthorized', 'send the Bearer token', { 'www-authenticate': 'Bearer' });
}

/**
 * The request's JSON bytes: read, checked against Content-Digest where `digest` asks for it, decoded.
 * @param maxBytes limit for the bytes on the wire and for the decoded ones.
 */
export async function readBody(request: IncomingMessage, maxBytes: number, digest: 'required' | 'optional') {
  const received = await receive(request, maxBytes);
  checkDigest(request, received, digest);
  return decode(request.headers['content-encoding'], received, maxBytes);
}

async function receive(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    // The rest is read and thrown away for a while: a client that is cut off while writing never sees the answer.
    if (length <= maxBytes) chunks.push(chunk);
    else if (length > 8 * maxBytes) break;
  }
  if (length > maxBytes) throw tooLarge(maxBytes);
  return Buffer.concat(chunks, length);
}

function checkDigest(request: IncomingMessage, received: Buffer, digest: 'required' | 'optional'): void {
  const field = request.headers['content-digest'];
  if (field === undefined && digest === 'optional') return;
  // A dictionary of byte sequences (RFC 9530 section 2); other algorithms may stand beside sha-256.
  const given = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):\s*(?:$|[,;])/.exec(String(field))?.[1];
  if (given === undefined) throw new Refusal(400, 'digest_missing', 'send Content-Digest: sha-256=:…:');
  if (given !== hash('sha256', received, 'base64')) {
    throw new Refusal(400, 'digest_mismatch', 'the body is not the one Content-Digest was taken over');
  }
}

async function decode(coding: string | undefined, received: Buffer, maxBytes: number): Promise<Buffer> {
  const name = coding?.trim().toLowerCase() ?? 'identity';
  if (name === 'identity') return received;
  if (name !== 'gzip' && name !== 'x-gzip' && name !== 'zstd') {
    throw new Refusal(415, 'content_encoding', `send the body plain or as one of ${CODINGS}`);
  }
  try {
    return await decoders[name](received, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(maxBytes);
    throw new Refusal(400, 'content_encoding', `the body is not valid ${name}`);
  }
}

function tooLarge(maxBytes: number): Refusal {
  return new Refusal(413, 'too_large', `send at most ${maxBytes} bytes, decoded`);
}

/** Parses strict UTF-8 JSON. */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new Refusal(400, 'not_json', 'send JSON in UTF-8');
  }
}
