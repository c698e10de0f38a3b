/**
 * What a person signs under a report (21 CFR 11.50, 11.70): RFC 8785 JSON with printed name, time and meaning, bound to the
 * report by its name and the hash of its figures, so it cannot be moved to another one.
 */
import { canonicalText } from './canonical.ts';

export interface ReportSignatureClaim {
  readonly reportId: string;
  readonly gatewayId: string;
  /** SHA-256 of the figures' bytes, base64. */
  readonly figuresHash: string;
  readonly printedName: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly signedAtUtc: string;
  readonly meaning: string;
}

const LINE = /^\P{C}{1,500}$/u;

/** The text to sign. Throws `RangeError` for a name or meaning that would not print on one line. */
export function reportStatementText(claim: ReportSignatureClaim): string {
  if (!LINE.test(claim.meaning) || !LINE.test(claim.printedName)) {
    throw new RangeError('name and meaning are one line each, 1 to 500 characters');
  }
  return canonicalText({
    figures_hash: claim.figuresHash,
    gateway_id: claim.gatewayId,
    meaning: claim.meaning,
    printed_name: claim.printedName,
    report_id: claim.reportId,
    signed_at_utc: claim.signedAtUtc,
    step: 'sign_report',
  });
}
