/**
 * The kinds of value a configuration key can hold. Each carries one text that says what to write; every error about the
 * key is built from it, so a person in front of the box is never left with "invalid input".
 */
import { z } from 'zod';
import { parseListenUrl, parseUrl } from './address.ts';

/** Text that matches `pattern`; `write` says in words what that is. */
export function text(pattern: RegExp, write: string) {
  return z.string({ error: write }).regex(pattern, { error: write });
}

/** Free text on one line, for people to read. */
export function oneLine(write: string) {
  return text(/^[^\p{Cc}]{1,200}$/u, write);
}

/** A whole number from `min` to `max`, both allowed. */
export function wholeNumber(min: number, max: number, what: string) {
  const error = `a whole number${what === '' ? '' : ` of ${what}`} from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** A part of the whole, above 0 and below 1: `0.8` is 80 %. */
export function share() {
  const error = 'a number above 0 and below 1, for example 0.8 for 80 %';
  return z.number({ error }).gt(0, { error }).lt(1, { error });
}

/** `true` or `false`. */
export function yesNo() {
  return z.boolean({ error: 'true or false' });
}

/** One of a closed list of words. */
export function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
  return z.enum(words, { error: words.join(' or ') });
}

/** A file or directory; a relative one counts from the directory of the configuration file. */
export function path(what: string) {
  return text(/^[^\0\n\r]{1,4096}$/, `the path of ${what}`);
}

/** An address to listen on: scheme, host and port only; port 0 picks a free one. */
export function listenUrl(schemes: readonly [string, string], example: string) {
  const write = `an address to listen on such as ${example} (${schemes.join(':// or ')}://, host, port, nothing after it)`;
  return z
    .string({ error: write })
    .regex(new RegExp(`^(${schemes.join('|')})://`), { error: write })
    .refine((value) => parseListenUrl(value) !== null, { error: write });
}

/** The base address of somebody else's server; may have a path. Secrets belong in files, so `user:password@` is refused. */
export function serverUrl(example: string) {
  const write = `an http:// or https:// address such as ${example}, without user, password, ? and #`;
  return z
    .string({ error: write })
    .regex(/^https?:\/\//, { error: write })
    .refine((value) => parseUrl(value) !== null, { error: write });
}

/** The address of an MQTT broker of somebody else: scheme, host and port only. */
export function brokerUrl(example: string) {
  const write = `an mqtt:// or mqtts:// address such as ${example} (host and port, nothing after it)`;
  return z
    .string({ error: write })
    .regex(/^mqtts?:\/\//, { error: write })
    .refine((value) => parseListenUrl(value) !== null, { error: write });
}

/** An IANA time zone name that this Node.js knows. */
export function timeZone() {
  const write = 'an IANA time zone such as America/New_York';
  return z.string({ error: write }).refine(isTimeZone, { error: write });
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return !/^[+-]/.test(name);
  } catch {
    return false;
  }
}
