/**
 * RFC 8785 (JSON Canonicalization Scheme) written apart from the gateway's: the checker must not share its mistakes.
 * Good for what tests send and the trail holds: strings without lone surrogates, numbers a double holds exactly.
 */
import { hash } from 'node:crypto';

/** Members sorted by UTF-16 code units (section 3.2.3), no white space; numbers and strings as ECMAScript prints them. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

/** SHA-256 in hexadecimal, 64 characters. */
export function sha256(bytes: string | Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}

/** `lane_hash` of a record: SHA-256 of the RFC 8785 form of what the lane sent. */
export function laneHashOf(record: object): string {
  return sha256(canonicalJson(record));
}
