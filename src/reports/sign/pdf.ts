/**
 * Signatures in a PDF (ISO 32000-2 section 12.8, sub-filter ETSI.CAdES.detached), and the only place that knows the library
 * for it. A signature is an incremental update: every byte that was there before stays.
 */
import { PDF, type Signer } from '@libpdf/core';
import { CounterfoilError } from '../../base/errors.ts';
import type { ReportFile } from '../api.ts';
import type { ReportKey } from './report-key.ts';

export interface PdfSigning {
  /** The signer's word, in whole seconds; of a report its own time, so that it can be made again byte for byte. */
  readonly signedAtMs: number;
  /** Why, as readers show it. */
  readonly reason: string;
  /** Where: the store. */
  readonly location: string;
  /** JSON files put into the PDF before it is signed. */
  readonly attachments: readonly ReportFile[];
}

/**
 * `pdf` with a signature over all of it; what was there before is the beginning of what comes out. The same bytes, key and
 * words give the same bytes.
 * @throws CounterfoilError `internal` for what is no PDF, or one that only a repair could open.
 */
export async function signPdf(bytes: Uint8Array, key: ReportKey, signing: PdfSigning): Promise<Buffer> {
  const at = new Date(signing.signedAtMs);
  const pdf = await openPdf(bytes);
  for (const { name, bytes: data } of signing.attachments) {
    pdf.addAttachment(name, data, { mimeType: 'application/json', createdAt: at, modifiedAt: at });
  }
  const { bytes: signed, warnings } = await pdf.sign({
    signer: forLibrary(key),
    signingTime: at,
    reason: signing.reason,
    location: signing.location,
    subFilter: 'ETSI.CAdES.detached',
    digestAlgorithm: 'SHA-256',
  });
  const [warning] = warnings;
  if (warning !== undefined) throw broken(new Error(`${warning.code}: ${warning.message}`));
  return Buffer.from(signed);
}

/** A file attached to a PDF; null when there is none of that name, or no PDF. */
export async function attachmentOf(bytes: Uint8Array, name: string): Promise<Buffer | null> {
  try {
    const found = (await openPdf(bytes)).getAttachment(name);
    return found === null ? null : Buffer.from(found);
  } catch {
    return null;
  }
}

async function openPdf(bytes: Uint8Array): Promise<PDF> {
  const pdf = await PDF.load(bytes).catch((error: unknown) => {
    throw broken(error);
  });
  if (pdf.recoveredViaBruteForce) throw broken();
  return pdf;
}

function forLibrary({ certificates, sign }: ReportKey): Signer {
  const [certificate, ...certificateChain] = certificates.map(({ raw }) => raw);
  if (certificate === undefined) throw new TypeError('a key has a certificate');
  return { certificate, certificateChain, keyType: 'RSA', signatureAlgorithm: 'RSASSA-PKCS1-v1_5', sign };
}

function broken(cause?: unknown): CounterfoilError {
  return new CounterfoilError(
    'internal',
    'this PDF cannot be signed: it does not open',
    'Make the report again. If it stays so, it is a fault of the program.',
    cause,
  );
}
