/**
 * Whether a TLS client's certificate is one of ours, by our own rule and not by the TLS library's: a certificate that has
 * ended on a Sunday, or a gateway whose clock has fallen back to 1970, must not keep a till from selling. Everything but
 * time is as strict as in TLS. Pure.
 */
import type { X509Certificate } from 'node:crypto';
import { OID } from './der.ts';

/** How long after its end a certificate is still taken, and somebody told. */
export const GRACE_MS = 30 * 86_400_000;
/** Leaf, two intermediates, authority: nobody needs more. */
const MAX_DEPTH = 4;

export type Dates = 'valid' | 'expired' | 'not_yet_valid';

/**
 * `dates`: as they are by the best clock there is; anything but `valid` is the grace rule at work.
 * `reason`: `foreign` is issued by nobody we know, `purpose` is not for TLS clients, `name` has no usable common name.
 */
export type ClientVerdict =
  | { readonly ok: true; readonly name: string; readonly authority: X509Certificate; readonly dates: Dates }
  | { readonly ok: false; readonly reason: 'foreign' | 'purpose' | 'name' | 'expired' | 'not_yet_valid' };

/** What the gateway knows of the time. */
export interface BestTime {
  /** UTC, as exact as it is known. */
  readonly utcMs: number;
  /** `sure`: checked against a source. `unsure`: nobody could be asked. `wrong`: known to be off, by nobody knows how much. */
  readonly trust: 'sure' | 'unsure' | 'wrong';
}

/**
 * Judges a client certificate. `sent`: what else the client has sent, to find a way to one of the `authorities`.
 * `isName`: whether a common name can be a lane's.
 */
export function judgeClient(
  leaf: X509Certificate,
  sent: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  now: BestTime,
  isName: (name: string) => boolean,
): ClientVerdict {
  const way = wayTo(leaf, sent, authorities);
  const authority = way?.at(-1);
  if (way === null || authority === undefined) return { ok: false, reason: 'foreign' };
  const purposes = leaf.keyUsage as readonly string[] | undefined;
  if (purposes !== undefined && !purposes.includes(OID.clientAuth)) return { ok: false, reason: 'purpose' };
  const name = nameOf(leaf);
  if (name === null || !isName(name)) return { ok: false, reason: 'name' };
  const dates = worstDates(way, now);
  return dates.ok ? { ok: true, name, authority, dates: dates.dates } : dates;
}

/** The one CN of a certificate; null for none, or several. */
function nameOf(certificate: X509Certificate): string | null {
  // Node's types know no empty subject; a certificate may have one (RFC 5280 section 4.1.2.6).
  const subject: string | undefined = certificate.subject;
  const names = (subject ?? '').split('\n').flatMap((line) => (line.startsWith('CN=') ? [line.slice(3)] : []));
  return names.length === 1 ? (names[0] ?? null) : null;
}

/** From the leaf to an authority, both included; null when there is no way. */
function wayTo(
  leaf: X509Certificate,
  sent: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): X509Certificate[] | null {
  if (authorities.some((authority) => authority.raw.equals(leaf.raw))) return [leaf];
  const way = [leaf];
  while (way.length < MAX_DEPTH) {
    const last = way.at(-1) ?? leaf;
    const authority = authorities.find((each) => hasIssued(each, last));
    if (authority !== undefined) return [...way, authority];
    const next = sent.find((each) => each.ca && !way.includes(each) && hasIssued(each, last));
    if (next === undefined) return null;
    way.push(next);
  }
  return null;
}

/** What a stranger sends may be a certificate with a key that nobody can read: `publicKey` throws then, and it has issued nothing. */
function hasIssued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

type DatesVerdict =
  | { readonly ok: true; readonly dates: Dates }
  | { readonly ok: false; readonly reason: 'expired' | 'not_yet_valid' };

/** Of all certificates on the way: what the worst of them says, and whether that is still let through. */
function worstDates(way: readonly X509Certificate[], now: BestTime): DatesVerdict {
  let found: Dates = 'valid';
  for (const certificate of way) {
    const untilMs = certificate.validToDate.getTime();
    if (now.utcMs > untilMs) {
      if (now.utcMs > untilMs + GRACE_MS && now.trust !== 'wrong') return { ok: false, reason: 'expired' };
      found = 'expired';
    } else if (now.utcMs < certificate.validFromDate.getTime()) {
      if (now.trust === 'sure') return { ok: false, reason: 'not_yet_valid' };
      if (found === 'valid') found = 'not_yet_valid';
    }
  }
  return { ok: true, dates: found };
}
