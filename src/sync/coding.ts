/** Content codings (RFC 9110 section 8.4): what the PMS takes, compressing requests, reading compressed answers. */
import { promisify } from 'node:util';
import { gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib';
import type { Coding } from './options.ts';

const gzipAsync = promisify(gzip);
const zstdAsync = promisify(zstdCompress);
const gunzipAsync = promisify(gunzip);
const unzstdAsync = promisify(zstdDecompress);

/** Below this a coding saves less than a packet. */
const WORTH_CODING_BYTES = 1024;

/**
 * The best coding a PMS names in `Accept-Encoding` of an answer (RFC 9110 section 12.5.3); zstd before gzip, for a third
 * of its processor time. Null when the header is absent: nothing is known then.
 */
export function codingFrom(accepts: string | null): Coding | null {
  if (accepts === null) return null;
  const taken = new Set(
    accepts
      .toLowerCase()
      .split(',')
      .map((part) => part.split(';').map((piece) => piece.trim()))
      .filter(([, weight]) => !/^q=0(\.0*)?$/.test(weight ?? ''))
      .map(([name]) => name),
  );
  if (taken.has('zstd')) return 'zstd';
  return taken.has('gzip') || taken.has('x-gzip') ? 'gzip' : 'identity';
}

/** The body as it travels. Small bodies travel as they are, whatever was asked. */
export async function encode(body: Buffer, coding: Coding): Promise<{ bytes: Buffer; coding: Coding }> {
  if (coding === 'identity' || body.length < WORTH_CODING_BYTES) return { bytes: body, coding: 'identity' };
  return { bytes: coding === 'zstd' ? await zstdAsync(body) : await gzipAsync(body), coding };
}

/** `Accept-Encoding` of our requests: results are mostly hashes as hex digits, which halve. */
export const ACCEPTED = 'zstd, gzip';

/**
 * An answer's body as it was before its coding. A text instead when it cannot be had: a coding nobody asked for or bytes
 * that are not in it, or more than `maxBytes` (a small answer can unpack to any size).
 */
export async function decode(
  bytes: Buffer,
  coding: string | null,
  maxBytes: number,
): Promise<Buffer | 'unreadable' | 'too_large'> {
  const name = coding?.trim().toLowerCase() ?? 'identity';
  if (name === 'identity') return bytes;
  const unpack = name === 'zstd' ? unzstdAsync : name === 'gzip' || name === 'x-gzip' ? gunzipAsync : null;
  if (unpack === null) return 'unreadable';
  try {
    return await unpack(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    return error instanceof RangeError ? 'too_large' : 'unreadable';
  }
}
