/**
 * What the box does when a report is made: the PDF gets the figures and people's signatures as attachments, so that it proves
 * itself alone, and a signature over all of it; page and figures get a detached one beside them. The time is the report's own,
 * so a report made again from the same trail is the same files, signatures and all. A report about a time before there was
 * the key is signed as of the first second of its certificate, else no reader could take it for valid.
 */
import { z } from 'zod';
import { CounterfoilError } from '../../base/errors.ts';
import type { HumanSignature, RenderedReport, ReportFile, ReportSigner, SignedReport, Unsigned } from '../api.ts';
import { LISTS_FILE } from '../figures/listing.ts';
import { nameOf } from './chain.ts';
import { signCms } from './cms.ts';
import { signPdf } from './pdf.ts';
import type { ReportKey } from './report-key.ts';

/** Name of a detached signature: that of its file, and this. */
export const SIGNATURE_SUFFIX = '.p7s';
export const FIGURES_FILE = 'figures.json';
/** People's signatures, an array of `HumanSignature`; in the PDF, and beside the figures where somebody has signed. */
export const SIGNATURES_FILE = 'signatures.json';

const REASON = 'Made from the audit trail of this gateway';

export function reportSigner(key: ReportKey): ReportSigner {
  return {
    async sign(report, signingTimeUtcMs) {
      const { html, signatures, store } = report;
      const beside = [...figuresFile(report), ...signaturesFile(signatures)];
      const [leaf] = key.certificates;
      const sinceMs = leaf?.validFromDate.getTime() ?? 0;
      const signedAtMs = Math.max(Math.floor(signingTimeUtcMs / 1000) * 1000, sinceMs);
      const location = `Store ${store.store}, gateway ${store.gatewayId}`;
      const pdf = await signPdf(report.pdf, key, { signedAtMs, reason: REASON, location, attachments: beside });
      const files: ReportFile[] = [{ name: 'report.pdf', bytes: pdf }];
      for (const file of [{ name: 'report.html', bytes: html }, ...beside, ...listsFile(report)]) {
        const signature = await signCms(file.bytes, key, signedAtMs);
        files.push(file, { name: `${file.name}${SIGNATURE_SUFFIX}`, bytes: signature });
      }
      return { rendered: report, files, signedBy: leaf === undefined ? null : nameOf(leaf), unsigned: null };
    },
  };
}

/** The key as it could be had: `unsigned` says why there is none though reports are to be signed. */
export interface SignerOrNone {
  readonly signer: ReportSigner | null;
  readonly unsigned: Unsigned | null;
}

/** Signs if that can be done: a report without signature is worth more than none, and says why nobody has signed. */
export async function signIfPossible(
  report: RenderedReport,
  { signer, unsigned }: SignerOrNone,
  signingTimeUtcMs: number,
): Promise<SignedReport> {
  if (signer === null) return notSigned(report, unsigned);
  try {
    return await signer.sign(report, signingTimeUtcMs);
  } catch (error) {
    if (!(error instanceof CounterfoilError)) throw error;
    return notSigned(report, { message: error.message, hint: error.hint });
  }
}

function notSigned(rendered: RenderedReport, unsigned: Unsigned | null): SignedReport {
  const { html, pdf, signatures } = rendered;
  const pages = [
    { name: 'report.html', bytes: html },
    { name: 'report.pdf', bytes: pdf },
  ];
  const files = [...figuresFile(rendered), ...pages, ...listsFile(rendered), ...signaturesFile(signatures)];
  return { rendered, files, signedBy: null, unsigned };
}

const figuresFile = ({ figures }: RenderedReport): ReportFile[] => [{ name: FIGURES_FILE, bytes: figures }];

function listsFile({ lists }: RenderedReport): ReportFile[] {
  return lists === null ? [] : [{ name: LISTS_FILE, bytes: lists }];
}

function signaturesFile(signatures: readonly HumanSignature[]): ReportFile[] {
  if (signatures.length === 0) return [];
  return [{ name: SIGNATURES_FILE, bytes: Buffer.from(`${JSON.stringify(signatures, null, 2)}\n`) }];
}

const signatureForm: z.ZodType<HumanSignature[]> = z.array(
  z.strictObject({
    printedName: z.string(),
    signedAtUtc: z.string(),
    meaning: z.string(),
    keyId: z.string(),
    figuresHash: z.string(),
    signature: z.string(),
  }),
);

/** People's signatures in the bytes of `signatures.json`; none when there is no such file, or it is something else. */
export function readSignatures(bytes: Buffer | null): HumanSignature[] {
  if (bytes === null) return [];
  try {
    return signatureForm.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return [];
  }
}
