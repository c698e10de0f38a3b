/**
 * Signatures of a PDF as bytes: each covers the file from its start to the end of one revision, but for its own place. The
 * last one must cover the whole file; then nothing can be changed, added or taken away without breaking it, however the PDF
 * inside is made. So nothing of the PDF has to be understood here, and no parser can be led astray.
 */
import type { X509Certificate } from 'node:crypto';
import { type SignatureFinding, verifyCms } from './cms-verify.ts';

export interface PdfSignatureFinding extends SignatureFinding {
  /** End of what it covers, in bytes from the start: the file as it was when this was signed. */
  readonly revisionBytes: number;
}

export interface PdfFinding {
  /** In the order they were made. */
  readonly signatures: readonly PdfSignatureFinding[];
  /** Null: the last signature covers every byte of the file. Else what is wrong. */
  readonly fault: string | null;
}

const BYTE_RANGE = /\/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]/g;

/** Never throws: what is no signature does not hold. */
export function verifyPdf(pdf: Uint8Array, roots: readonly X509Certificate[]): PdfFinding {
  // One character a byte, so that places in the text are places in the file.
  const text = Buffer.from(pdf.buffer, pdf.byteOffset, pdf.byteLength).toString('latin1');
  const ranges = [...text.matchAll(BYTE_RANGE)].map(([, ...numbers]) => numbers.map(Number));
  const signatures = ranges
    .map((range) => readSignature(pdf, text, range, roots))
    .filter((found) => found !== null)
    .sort((a, b) => a.revisionBytes - b.revisionBytes);
  const last = signatures.at(-1);
  if (last === undefined) return { signatures, fault: 'there is no signature in it' };
  if (last.revisionBytes === pdf.length) return { signatures, fault: null };
  const more = pdf.length - last.revisionBytes;
  return { signatures, fault: `${more} bytes were added behind the last signature` };
}

/** Null when the range is not one a signature in this file can have. */
function readSignature(
  pdf: Uint8Array,
  text: string,
  [start, first, second, rest]: readonly number[],
  roots: readonly X509Certificate[],
): PdfSignatureFinding | null {
  if (start !== 0 || first === undefined || second === undefined || rest === undefined) return null;
  const revisionBytes = second + rest;
  if (first >= second || revisionBytes > pdf.length) return null;
  // The hole is one hexadecimal string as this program writes it: nothing can hide in it.
  const hole = /^<((?:[0-9A-F]{2})*)>$/.exec(text.slice(first, second))?.[1];
  if (hole === undefined) return null;
  const content = Buffer.concat([pdf.subarray(0, first), pdf.subarray(second, revisionBytes)]);
  return { ...verifyCms(content, withoutPadding(Buffer.from(hole, 'hex')), roots), revisionBytes };
}

/** The place is larger than the signature and filled up with zeros; whatever else follows stays, and is no signature then. */
function withoutPadding(bytes: Buffer): Buffer {
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
  // A signature may itself end in zeros: as long as its outer length says, if that is in the definite long form.
  const isLong = bytes[0] === 0x30 && bytes[1] === 0x82;
  const told = isLong ? bytes.readUInt16BE(2) + 4 : end;
  return bytes.subarray(0, Math.max(end, Math.min(told, bytes.length)));
}
