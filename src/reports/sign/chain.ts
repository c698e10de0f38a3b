/** Whether a certificate may sign reports, and whether somebody the reader trusts has issued it. */
import type { X509Certificate } from 'node:crypto';
import { SIGNER_USAGES } from './report-key.ts';

/** Longest way from signer to root. */
const MAX_STEPS = 8;

/**
 * What keeps the reader from trusting `leaf` at that time; null when nothing does. `others` are certificates that came with
 * the signature and prove nothing by themselves; `roots` are the reader's own. Revocation is not looked at.
 */
export function chainFault(
  leaf: X509Certificate,
  others: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  atMs: number,
): string | null {
  if (!others.every((each) => isAttached(each, others, roots)))
    return 'it carries a certificate that nobody has signed';
  if (leaf.ca) return 'the signer is an authority, and an authority signs no reports';
  const usages: readonly string[] = leaf.keyUsage ?? [];
  if (!SIGNER_USAGES.some((usage) => usages.includes(usage))) return 'its certificate is not one for signing documents';
  let at = leaf;
  for (let step = 0; step < MAX_STEPS; step += 1) {
    if (!isValid(at, atMs)) return `the certificate ${nameOf(at)} was not valid when it was signed`;
    const root = roots.find((each) => issued(each, at));
    if (root !== undefined) {
      return isValid(root, atMs) ? null : `the authority ${nameOf(root)} was not valid when it was signed`;
    }
    const issuer = others.find((each) => each.ca && each !== at && issued(each, at));
    if (issuer === undefined || issuer.raw.equals(at.raw)) break;
    at = issuer;
  }
  return `${nameOf(at)} was not issued by an authority you trust`;
}

/** A certificate along the way is signed by another one here, by one of the reader's, or, a root, by itself. */
function isAttached(
  each: X509Certificate,
  others: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): boolean {
  return [...roots, ...others].some((issuer) => issued(issuer, each));
}

function issued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function isValid({ validFromDate, validToDate }: X509Certificate, atMs: number): boolean {
  return validFromDate.getTime() <= atMs && atMs <= validToDate.getTime();
}

/** The common name, or the whole subject on one line. */
export function nameOf({ subject }: X509Certificate): string {
  const common = /^CN=(.+)$/m.exec(subject)?.[1];
  return common ?? subject.replaceAll('\n', ', ');
}
