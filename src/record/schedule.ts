/**
 * How tills write the controlled-substance schedule, and the one way it is stored.
 *
 * `RX`, `OTC` and an empty text are not understood on purpose: they say how a product is sold, and some sold without
 * prescription is schedule V. Reading them as `NONE` could let a controlled record leave its stream. Schedule I is not
 * dispensed. `0` is what pharmacy systems write for "not controlled".
 */
import type { Schedule } from './types.ts';

/** Every text understood: `II`, `CII`, `C-II`, `C II`, `C2`, `C-2`, `C 2`, `2` and so on, `NONE`, `0`; case is free. */
export const SCHEDULE_PATTERN = /^(?:(?:[Cc][- ]?)?(?:[Ii]{2,3}|[Ii]?[Vv]|[2-5])|[Nn][Oo][Nn][Ee]|0)$/;

/** Every number understood. */
export const SCHEDULE_NUMBERS = [0, 2, 3, 4, 5] as const;

const CONTROLLED: readonly (readonly [Schedule, number])[] = [
  ['II', 2],
  ['III', 3],
  ['IV', 4],
  ['V', 5],
];

const SPELLINGS: ReadonlyMap<unknown, Schedule> = new Map<unknown, Schedule>([
  ['NONE', 'NONE'],
  ['0', 'NONE'],
  [0, 'NONE'],
  ...CONTROLLED.flatMap(([roman, digit]) => [
    [digit, roman] as const,
    ...['', 'C', 'C-', 'C '].flatMap((prefix) => [[prefix + roman, roman] as const, [prefix + digit, roman] as const]),
  ]),
]);

/** The schedule meant by a text or number, or null when it is none of the known spellings. */
export function readSchedule(sent: unknown): Schedule | null {
  const known = SPELLINGS.get(sent);
  if (known !== undefined) return known;
  // The pattern comes first: in all of Unicode there are letters whose upper case is I without being one.
  if (typeof sent !== 'string' || !SCHEDULE_PATTERN.test(sent)) return null;
  return SPELLINGS.get(sent.toUpperCase()) ?? null;
}
