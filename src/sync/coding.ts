/** Content codings of request bodies (RFC 9110 section 8.4): what the PMS takes, and the compression itself. */
import { promisify } from 'node:util';
import { gzip, zstdCompress } from 'node:zlib';
import type { Coding } from './options.ts';

const gzipAsync = promisify(gzip);
const zstdAsync = promisify(zstdCompress);

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
