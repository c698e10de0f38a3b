/**
 * Which JSON numbers a double holds exactly. "Exactly" is meant as people read numbers: 0.1 is fine although no double
 * equals a tenth, because the shortest text of its double is 0.1 again, and that text is what RFC 8785 section 3.2.2.3
 * writes. 9007199254740993 would come back as ...992, and 1e400 not at all: those would be stored changed, so they
 * are refused.
 */

/** A token up to this long without exponent always survives: a double keeps any 15 significant decimal digits. */
export const ALWAYS_EXACT_LENGTH = 15;

/** Whether a JSON number token keeps its decimal value when it is read as a double and written again. */
export function isExactNumber(token: string): boolean {
  const value = Number(token);
  if (!Number.isFinite(value)) return false;
  // Short and far from both ends of what a double can hold: at most 15 digits, see above.
  const magnitude = Math.abs(value);
  if (token.length <= ALWAYS_EXACT_LENGTH && magnitude > 1e-290 && magnitude < 1e290) return true;
  const written = String(value);
  return written === token || decimalOf(written) === decimalOf(token);
}

/** Same text for the same magnitude: digits without zeros at either end, `e`, exponent of ten. The sign is left out. */
function decimalOf(token: string): string {
  const [mantissa = '', exponent = '0'] = token.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = whole.replace('-', '') + fraction;
  let first = 0;
  while (first < digits.length && digits[first] === '0') first++;
  if (first === digits.length) return '0';
  // A loop and not /0+$/: that expression takes quadratic time on a long run of zeros, and lanes choose the digits.
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  return `${digits.slice(first, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}
