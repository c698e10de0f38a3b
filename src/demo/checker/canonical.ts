/**
 * RFC 8785 (JSON Canonicalization Scheme), written for the checker alone: what the gateway's own code and this one both
 * make of a record must be the same bytes, or one of them is wrong. Takes what `JSON.parse` gives.
 */
import { hash } from 'node:crypto';

/** Members sorted by UTF-16 code units (section 3.2.3), no white space; numbers and strings as ECMAScript prints them. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalText(member)}`);
  return `{${members.join(',')}}`;
}

/** SHA-256, 64 hexadecimal digits. */
export function sha256(bytes: string | Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}

const NORMALISED = ['ndc', 'schedule', 'dispensed_at_utc'] as const;

/** `lane_hash` of a stored record: the hash of what the lane sent, which is told by the `…_sent` members. */
export function laneHashOf(stored: Readonly<Record<string, unknown>>): string {
  const sent = { ...stored };
  for (const name of NORMALISED) {
    const original = `${name}_sent`;
    if (!(original in sent)) continue;
    sent[name] = sent[original];
    delete sent[original];
  }
  return sha256(canonicalText(sent));
}
