/** The many ways in which tills write the same thing: NDCs, schedules, times, and what a scanner reads off the box. */
import type { Random } from '../../base/clock.ts';
import { hasGs1CheckDigit } from '../../record/identifiers.ts';
import type { Schedule } from '../../record/types.ts';
import { digits, pick, pickWeighted, wholeNumber } from './random.ts';

const GROUP_SEPARATOR = '\u001d';

/** How an NDC is written; `ten` (no hyphens) is the one form that nobody can resolve without a product table. */
export type NdcForm = 'hyphenated' | 'eleven' | 'eleven hyphenated' | 'twelve' | 'ten';

export function pickNdcForm(random: Random): NdcForm {
  return pickWeighted(random, [
    [54, 'hyphenated'],
    [26, 'eleven'],
    [10, 'eleven hyphenated'],
    [8, 'twelve'],
    [2, 'ten'],
  ]);
}

/** FDA's hyphenated ten digits in another form. */
export function spellNdc(ndc: string, form: NdcForm): string {
  const [labeler = '', product = '', pack = ''] = ndc.split('-');
  const eleven = [labeler.padStart(5, '0'), product.padStart(4, '0'), pack.padStart(2, '0')];
  switch (form) {
    case 'hyphenated':
      return ndc;
    case 'eleven':
      return eleven.join('');
    case 'eleven hyphenated':
      return eleven.join('-');
    case 'twelve':
      return `0${eleven.join('')}`;
    case 'ten':
      return ndc.replaceAll('-', '');
  }
}

const DIGIT = { II: 2, III: 3, IV: 4, V: 5 } as const;

/** A schedule as one till or the other writes it. */
export function spellSchedule(random: Random, schedule: Schedule): string | number {
  if (schedule === 'NONE')
    return pickWeighted<string | number>(random, [
      [90, 'NONE'],
      [5, 'none'],
      [4, '0'],
      [1, 0],
    ]);
  const digit = DIGIT[schedule];
  return pickWeighted<string | number>(random, [
    [50, schedule],
    [15, `C${schedule}`],
    [15, `C-${schedule}`],
    [8, `C${digit}`],
    [5, `c-${schedule.toLowerCase()}`],
    [4, String(digit)],
    [3, digit],
  ]);
}

/** A moment as RFC 3339 text: mostly UTC, sometimes the store's own offset (UTC-5). */
export function spellTime(random: Random, utcMs: number): string {
  if (random() < 0.7) return new Date(utcMs).toISOString();
  const local = new Date(utcMs - 5 * 3600 * 1000).toISOString();
  return local.replace('Z', '-05:00');
}

/** What is printed on a box. */
export interface BoxLabel {
  readonly gtin: string;
  readonly lot: string;
  readonly serial: string;
  /** `YYYY-MM-DD`, one to three years ahead. */
  readonly expiresOn: string;
}

export function printLabel(random: Random, ndc: string, soldAtUtcMs: number): BoxLabel {
  const year = new Date(soldAtUtcMs).getUTCFullYear() + wholeNumber(random, 1, 3);
  const month = String(wholeNumber(random, 1, 12)).padStart(2, '0');
  const day = String(wholeNumber(random, 1, 28)).padStart(2, '0');
  return {
    gtin: gtinOf(ndc),
    lot: pick(random, [...'ABCDEFGH']) + digits(random, 5),
    serial: digits(random, 12),
    expiresOn: `${year}-${month}-${day}`,
  };
}

/** GTIN-14 of a single package: indicator 0, GS1 prefix 03, the ten digits, check digit. */
export function gtinOf(ndc: string): string {
  const body = `003${spellNdc(ndc, 'ten')}`;
  const gtin = [...'0123456789'].map((digit) => body + digit).find(hasGs1CheckDigit);
  if (gtin === undefined) throw new RangeError('an NDC has ten digits');
  return gtin;
}

/** What a scanner sends for that label: GS1 element strings, in one of the orders seen on boxes. */
export function scan(random: Random, { gtin, lot, serial, expiresOn }: BoxLabel): string {
  const expiry = `17${expiresOn.slice(2).replaceAll('-', '')}`;
  return pickWeighted(random, [
    [6, `]d201${gtin}21${serial}${GROUP_SEPARATOR}${expiry}10${lot}`],
    [3, `]d201${gtin}${expiry}10${lot}${GROUP_SEPARATOR}21${serial}`],
    [1, `01${gtin}10${lot}${GROUP_SEPARATOR}${expiry}21${serial}`],
  ]);
}
