/**
 * National Drug Codes. FDA writes ten digits in three segments (4-4-2, 5-3-2 or 5-4-1); the form for billing, and ours,
 * has eleven (5-4-2), made by padding the short *segment* with one zero. Without hyphens ten digits have three readings
 * and no arithmetic decides between them, so nothing here does: either the store's product table has exactly one of the
 * three, or the text stays as sent and a person decides. Zeros are never stripped. Padding is not one-to-one
 * (12345-678-01 and 12345-0678-1 meet in 12345067801), which is why what was sent is kept beside it.
 *
 * Twelve digits (6-4-2) follow FDA's final rule of 5 March 2026 (91 FR 10749), effective 2033; they are taken today.
 */

/** How the stored form was reached; for figures of how well tills write NDCs. */
export const NDC_PATHS = ['hyphenated', 'already_11', 'already_12', 'product_table', 'unresolved'] as const;
export type NdcPath = (typeof NDC_PATHS)[number];

export interface NormalisedNdc {
  /** 11 or 12 digits; as sent when `unresolved`. */
  readonly ndc: string;
  readonly path: NdcPath;
}

/** What is asked of a product table here. */
export interface TenDigitTable {
  /** The 11 digits of the one product these ten unhyphenated digits can mean, or null. */
  resolveTen(digits: string): string | null;
}

const SEGMENTS = /^([0-9]{4,6})-([0-9]{3,4})-([0-9]{1,2})$/;
const DIGITS = /^[0-9]{10,12}$/;

/** The stored form of an NDC as a lane sent it. Any text is taken; what fits no form is `unresolved`. */
export function normaliseNdc(text: string, products: TenDigitTable | null): NormalisedNdc {
  if (DIGITS.test(text)) {
    if (text.length === 11) return { ndc: text, path: 'already_11' };
    if (text.length === 12) return { ndc: text, path: 'already_12' };
    const resolved = products?.resolveTen(text) ?? null;
    return resolved === null ? { ndc: text, path: 'unresolved' } : { ndc: resolved, path: 'product_table' };
  }
  return hyphenated(text) ?? { ndc: text, path: 'unresolved' };
}

/** How the NDC of a stored record was reached: `sent` is its `ndc_sent`, absent where nothing was changed. */
export function ndcPathOf(stored: string, sent: string | undefined): NdcPath {
  return normaliseNdc(sent ?? stored, sent === undefined ? null : { resolveTen: () => stored }).path;
}

function hyphenated(text: string): NormalisedNdc | null {
  const match = SEGMENTS.exec(text);
  if (match === null) return null;
  const [, labeler = '', product = '', pack = ''] = match;
  switch (labeler.length * 100 + product.length * 10 + pack.length) {
    case 442:
      return { ndc: `0${labeler}${product}${pack}`, path: 'hyphenated' };
    case 532:
      return { ndc: `${labeler}0${product}${pack}`, path: 'hyphenated' };
    case 541:
      return { ndc: `${labeler}${product}0${pack}`, path: 'hyphenated' };
    case 542:
      return { ndc: labeler + product + pack, path: 'already_11' };
    case 642:
      return { ndc: labeler + product + pack, path: 'already_12' };
    default:
      return null;
  }
}

/** What ten digits without hyphens mean if they are 4-4-2, 5-3-2 or 5-4-1, in this order, as 11 digits each. */
export function readingsOfTen(digits: string): readonly [string, string, string] {
  return [`0${digits}`, `${digits.slice(0, 5)}0${digits.slice(5)}`, `${digits.slice(0, 9)}0${digits.slice(9)}`];
}

/** The ten-digit codes that are written as these 11 digits: those whose padded segment has a zero in front. */
export function tensOfEleven(ndc: string): readonly string[] {
  const tens: string[] = [];
  for (const at of [0, 5, 9]) if (ndc[at] === '0') tens.push(ndc.slice(0, at) + ndc.slice(at + 1));
  return tens;
}
