/**
 * Points in time and calendar dates as lanes write them (RFC 3339), without the guesses of `Date.parse`.
 *
 * Leap seconds: `23:59:60` UTC on the last day of a month is read and kept, because RFC 3339 section 5.7 allows it and a
 * clock that shows it is right; it counts as the first moment of the next day. Any other `:60` is no time.
 */

/** RFC 3339 `date-time`; its section 5.6 allows lower case and a space. Years to seconds are checked by `readInstant`. */
export const INSTANT_PATTERN =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,12})?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))$/;

/** RFC 3339 `full-date`. */
export const DATE_PATTERN = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;

export interface Instant {
  /** `YYYY-MM-DDTHH:MM:SS[.fraction]Z`, with every digit of the fraction as sent. */
  readonly utcText: string;
  /** Milliseconds since 1970-01-01T00:00:00Z, rounded down. */
  readonly utcMs: number;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Reads an RFC 3339 time with `Z` or an offset; null when it is none or no such moment exists in years 0 to 9999. */
export function readInstant(text: string): Instant | null {
  const match = INSTANT_PATTERN.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction = '.', sign, offsetHour = '0', offsetMinute = '0'] = match;
  const days = daysSinceEpoch(Number(year), Number(month), Number(day));
  const leap = second === '60';
  if (days === null || Number(hour) > 23 || Number(minute) > 59 || (Number(second) > 59 && !leap)) return null;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return null;
  const localMs = days * DAY_MS + (Number(hour) * 60 + Number(minute)) * MINUTE_MS;
  const offsetMs = (Number(offsetHour) * 60 + Number(offsetMinute)) * MINUTE_MS * (sign === '-' ? -1 : 1);
  const minuteMs = localMs - offsetMs;
  if (minuteMs < FIRST_MS || minuteMs > LAST_MS || (leap && !endsMonth(minuteMs))) return null;
  const utcMs = minuteMs + Number(second) * SECOND_MS + Number(`${fraction}000`.slice(1, 4));
  const dayMs = days * DAY_MS;
  const sameDay = minuteMs >= dayMs && minuteMs < dayMs + DAY_MS;
  const upToMinute = sameDay ? `${year}-${month}-${day}T${clockText(minuteMs - dayMs)}` : isoMinute(minuteMs);
  return { utcText: `${upToMinute}:${second}${match[7] ?? ''}Z`, utcMs };
}

/** Whether `YYYY-MM-DD` names a day that exists (Gregorian calendar, years 0 to 9999). */
export function isCalendarDate(text: string): boolean {
  const match = DATE_PATTERN.exec(text);
  return match !== null && daysSinceEpoch(Number(match[1]), Number(match[2]), Number(match[3])) !== null;
}

const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Number of days in a month (1 to 12) of the Gregorian calendar; 0 for a month that does not exist. */
export function daysInMonth(year: number, month: number): number {
  const leapYear = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 && leapYear ? 29 : (DAYS_IN_MONTH[month - 1] ?? 0);
}

/** Days from 1970-01-01, or null when there is no such day. */
function daysSinceEpoch(year: number, month: number, day: number): number | null {
  if (day < 1 || day > daysInMonth(year, month)) return null;
  // Counted from 1 March, so that a leap day is the last day of its year (Fliegel and Van Flandern's trick).
  const marchYear = month > 2 ? year : year - 1;
  const marchMonth = month > 2 ? month - 3 : month + 9;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400);
  return marchYear * 365 + leapDays + Math.floor((153 * marchMonth + 2) / 5) + day - 1 - DAYS_TO_1970;
}

/** Days from 0000-03-01 to 1970-01-01. */
const DAYS_TO_1970 = 719_468;
const FIRST_MS = -62_167_219_200_000; // 0000-01-01T00:00Z
const LAST_MS = 253_402_300_740_000; // 9999-12-31T23:59Z

/** `HH:MM` of a time of day; nearly every offset stays within the day, and `Date` is slow. */
function clockText(msOfDay: number): string {
  const minutes = msOfDay / MINUTE_MS;
  return `${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;
}

const twoDigits = (value: number): string => (value < 10 ? `0${value}` : String(value));
const isoMinute = (utcMs: number): string => new Date(utcMs).toISOString().slice(0, 16);

/** Whether this minute is the last one of a month in UTC. */
function endsMonth(minuteMs: number): boolean {
  return new Date(minuteMs + MINUTE_MS).toISOString().slice(8, 16) === '01T00:00';
}
