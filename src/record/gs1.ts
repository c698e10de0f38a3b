/**
 * GS1 element strings as a scanner hands them over (GS1 General Specifications): data elements
 * one after the other in any order, each an Application Identifier (AI) and its value; those without a predefined
 * length end with ASCII 29 or with the scan. Of interest here: 01 GTIN, 17 expiry, 10 lot, 21 serial.
 */
import { hasGs1CheckDigit } from './identifiers.ts';
import { daysInMonth } from './instant.ts';

export interface Gs1Scan {
  /** GTIN-14, check digit verified. */
  readonly gtin: string | null;
  /** `YYYY-MM-DD`. */
  readonly expiresOn: string | null;
  readonly lot: string | null;
  readonly serial: string | null;
}

const SEPARATOR = '\u001d';
/** Symbology identifiers that announce element strings: DataMatrix, GS1-128, DataBar, QR, DotCode. */
const ANNOUNCED = /^\](?:d2|C1|e0|Q3|J1)/;
const BARE_GTIN = /^[0-9]{12,14}$/;
/** GS1 character set 82, of which lots and serials are made. */
const LOT_OR_SERIAL = /^[!"%-?A-Z_a-z]{1,20}$/;

/** Length of AI and value together by the AI's first two digits; all other AIs need the separator. */
const PREDEFINED_LENGTHS: ReadonlyMap<string, number> = new Map([
  ['00', 20],
  ...['01', '02', '03', '41'].map((ai) => [ai, 16] as const),
  ['04', 18],
  ...['11', '12', '13', '14', '15', '16', '17', '18', '19'].map((ai) => [ai, 8] as const),
  ['20', 4],
  ...['31', '32', '33', '34', '35', '36'].map((ai) => [ai, 10] as const),
]);

/**
 * Reads a raw scan; null when it is none or says nothing of interest. The digits of a linear barcode (GTIN-12, -13 or -14 alone) are taken too.
 * `referenceYear` decides the century of the two-digit year: 49 years back to 50 ahead of it.
 */
export function parseGs1(raw: string, referenceYear: number): Gs1Scan | null {
  if (BARE_GTIN.test(raw) && hasGs1CheckDigit(raw)) {
    return { gtin: toGtin14(raw), expiresOn: null, lot: null, serial: null };
  }
  const elements = readElements(raw.replace(ANNOUNCED, ''));
  if (elements === null || elements.size === 0) return null;
  const [gtin, expiry, lot, serial] = ['01', '17', '10', '21'].map((ai) => elements.get(ai) ?? null);
  if (gtin && !hasGs1CheckDigit(gtin)) return null;
  const expiresOn = expiry ? readExpiry(expiry, referenceYear) : null;
  if (expiry && expiresOn === null) return null;
  if ([lot, serial].some((text) => typeof text === 'string' && !LOT_OR_SERIAL.test(text))) return null;
  return { gtin: gtin ?? null, expiresOn, lot: lot ?? null, serial: serial ?? null };
}

/** Values by AI (by its first two digits, which is the whole AI for the four of interest); null when unreadable. */
function readElements(text: string): Map<string, string> | null {
  const elements = new Map<string, string>();
  let at = text.startsWith(SEPARATOR) ? 1 : 0;
  if (at === text.length) return null;
  while (at < text.length) {
    const ai = text.slice(at, at + 2);
    if (!/^[0-9]{2}$/.test(ai)) return null;
    const length = PREDEFINED_LENGTHS.get(ai);
    const separator = text.indexOf(SEPARATOR, at);
    const end = length === undefined ? (separator < 0 ? text.length : separator) : at + length;
    const value = text.slice(at + 2, end);
    if (value === '' || end > text.length || (length !== undefined && !/^[0-9]+$/.test(value))) return null;
    // An AI may come again only with the same value; others than ours are read over.
    if (ai === '01' || ai === '10' || ai === '17' || ai === '21') {
      if ((elements.get(ai) ?? value) !== value) return null;
      elements.set(ai, value);
    }
    // A separator after a predefined length is not needed but allowed.
    at = text[end] === SEPARATOR ? end + 1 : end;
  }
  return elements;
}

/** `YYMMDD` as `YYYY-MM-DD`; day 00 is the last day of the month; null when there is no such day. */
function readExpiry(yymmdd: string, referenceYear: number): string | null {
  const year = centuryOf(Number(yymmdd.slice(0, 2)), referenceYear);
  const month = Number(yymmdd.slice(2, 4));
  const last = daysInMonth(year, month);
  const day = Number(yymmdd.slice(4, 6)) || last;
  if (day < 1 || day > last) return null;
  return [String(year).padStart(4, '0'), yymmdd.slice(2, 4), String(day).padStart(2, '0')].join('-');
}

/** The year that ends in `yy` and is at most 49 before and 50 after `referenceYear` (GS1 General Specifications 7.12). */
function centuryOf(yy: number, referenceYear: number): number {
  const sameCentury = referenceYear - (referenceYear % 100) + yy;
  const ahead = sameCentury - referenceYear;
  if (ahead > 50) return sameCentury - 100;
  return ahead < -49 ? sameCentury + 100 : sameCentury;
}

/** GTIN-8, -12, -13 and -14 in one length, by zeros in front. */
export function toGtin14(gtin: string): string {
  return gtin.padStart(14, '0');
}

/** The ten digits of the NDC in a GTIN (indicator, `03`, NDC, check digit); null for other companies' prefixes. */
export function ndcTenOfGtin(gtin: string): string | null {
  const gtin14 = toGtin14(gtin);
  return gtin14.slice(1, 3) === '03' ? gtin14.slice(3, 13) : null;
}
