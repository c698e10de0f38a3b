/**
 * RFC 8785 (JSON Canonicalization Scheme): one text for one JSON value, so that a hash of it is a hash of what was
 * meant. ECMAScript's own number and string forms are the RFC's (sections 3.2.2.2 and 3.2.2.3); what is left to do is
 * to leave out white space and to sort names by UTF-16 code units (section 3.2.3), which is how `sort()` compares.
 *
 * Own code rather than the `canonicalize` package, because this runs for every record and has to give out the members
 * one by one; the tests hold it against the package and against the RFC's examples.
 */
import { MAX_DEPTH } from './strict-json.ts';

/**
 * The canonical text of a JSON value, objects and arrays at most 32 deep. Throws `TypeError` for everything JSON cannot
 * hold exactly, also for what `JSON.stringify` drops or bends in silence (undefined, NaN, dates, half surrogate pairs).
 */
export function canonicalText(value: unknown): string {
  return valueText(value, 0);
}

/** The canonical UTF-8 bytes of a JSON value. Throws as `canonicalText`. */
export function canonicalBytes(value: unknown): Buffer {
  return Buffer.from(canonicalText(value), 'utf8');
}

/** A canonical object in pieces: `texts[i]` is `"name":value` of the member `names[i]`; names are sorted. */
export interface CanonicalMembers {
  readonly names: readonly string[];
  readonly texts: readonly string[];
}

/** The members of an object, for callers that exchange a few before joining them. Throws as `canonicalText`. */
export function canonicalMembers(object: object): CanonicalMembers {
  return membersAt(object, 1);
}

/** One member, `"name":value`. Throws as `canonicalText`. */
export function memberText(name: string, value: unknown): string {
  return nameText(name) + valueText(value, 1);
}

/** The canonical text of the object that has these members. */
export function joinMembers(members: CanonicalMembers): string {
  return `{${members.texts.join(',')}}`;
}

function membersAt(object: object, depth: number): CanonicalMembers {
  if (depth > MAX_DEPTH) throw new TypeError('canonical form: nested too deep');
  const values = object as Readonly<Record<string, unknown>>;
  const names = Object.keys(object).sort();
  const texts: string[] = new Array(names.length);
  for (let index = 0; index < names.length; index++) {
    const name = names[index] as string;
    texts[index] = nameText(name) + valueText(values[name], depth);
  }
  return { names, texts };
}

/** `depth` is that of the object or array around `value`. */
function valueText(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return stringText(value);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('canonical form: number is not finite');
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? arrayText(value, depth + 1) : joinMembers(membersAt(plain(value), depth + 1));
    default:
      throw new TypeError(`canonical form: JSON has no ${typeof value}`);
  }
}

function arrayText(values: readonly unknown[], depth: number): string {
  if (depth > MAX_DEPTH) throw new TypeError('canonical form: nested too deep');
  let text = '[';
  for (let index = 0; index < values.length; index++) {
    text += (index === 0 ? '' : ',') + valueText(values[index], depth);
  }
  return `${text}]`;
}

function stringText(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('canonical form: half a surrogate pair');
  return JSON.stringify(text);
}

/** A date or a map would be written as something else than it is: only what JSON itself has may pass. */
function plain(value: object): object {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return value;
  throw new TypeError('canonical form: only plain objects and arrays');
}

/** `"name":` of names met before: records have the same few names over and over. Never more than the limit. */
const knownNames = new Map<string, string>();
const KNOWN_NAMES_LIMIT = 256;
const KNOWN_NAME_LENGTH = 32;

function nameText(name: string): string {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  const text = `${stringText(name)}:`;
  if (knownNames.size < KNOWN_NAMES_LIMIT && name.length <= KNOWN_NAME_LENGTH) knownNames.set(name, text);
  return text;
}
