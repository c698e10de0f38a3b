/** The people of the simulated store, by their numbers only: valid check digits, nobody's real number on purpose. */
import type { Random } from '../../base/clock.ts';
import { isDeaNumber } from '../../record/identifiers.ts';
import { digits, pick } from './random.ts';

/** `body` with the one last digit for which `isValid` holds. */
function withCheckDigit(body: string, isValid: (text: string) => boolean): string {
  const valid = [...'0123456789'].map((digit) => body + digit).find(isValid);
  if (valid === undefined) throw new RangeError('no check digit fits');
  return valid;
}

/** `text` with another last digit: the same person's number, mistyped. */
export function mistyped(text: string): string {
  return text.slice(0, -1) + ((Number(text.at(-1)) + 1) % 10);
}

/** A valid DEA number of a practitioner (first letter A, B or F). */
export function deaNumber(random: Random): string {
  const letters = pick(random, [...'ABF']) + pick(random, [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']);
  return withCheckDigit(letters + digits(random, 6), isDeaNumber);
}
