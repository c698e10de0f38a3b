/** Small integers the database uses for closed lists. They are on disk: append, never renumber. */
import { FLAGS, type Flag, type Schedule, STATES, type State, type Stream } from '../record/types.ts';
import type { ClockQuality, TrailLog } from './api.ts';

const SCHEDULE_CODE: Record<Schedule, number> = { NONE: 0, II: 2, III: 3, IV: 4, V: 5 };
const SCHEDULE_NAME: Readonly<Record<number, Schedule>> = { 0: 'NONE', 2: 'II', 3: 'III', 4: 'IV', 5: 'V' };
const CLOCKS: readonly ClockQuality[] = ['unknown', 'synchronised', 'unsynchronised'];
const LOGS: readonly TrailLog[] = ['audit', 'schedule_two'];

export const PENDING = STATES.indexOf('PENDING');
export const SYNCED = STATES.indexOf('SYNCED');
export const QUARANTINED = STATES.indexOf('QUARANTINED');
export const SET_ASIDE = STATES.indexOf('SET_ASIDE');
export const REFUSED = STATES.indexOf('REFUSED');
export const CONFLICT = STATES.indexOf('CONFLICT');
export const HELD = STATES.indexOf('HELD');
export const RESOLVED = STATES.indexOf('RESOLVED');
export const AWAITING_VERIFICATION = STATES.indexOf('AWAITING_VERIFICATION');
export const SCHEDULE_TWO = SCHEDULE_CODE.II;
/** `delivery.outcome` of a gap marker the PMS has noted. */
export const GAP_NOTED = 100;

function known<T>(value: T | undefined, what: string, code: number | string): T {
  if (value === undefined) throw new Error(`unknown ${what} code ${code} in the buffer`);
  return value;
}

export const scheduleCode = (schedule: Schedule): number => SCHEDULE_CODE[schedule];
export const scheduleName = (code: number): Schedule => known(SCHEDULE_NAME[code], 'schedule', code);
export const stateCode = (state: State): number => STATES.indexOf(state);
export const stateName = (code: number): State => known(STATES[code], 'state', code);
export const clockName = (code: number): ClockQuality => known(CLOCKS[code], 'clock', code);
export const clockCode = (clock: ClockQuality): number => CLOCKS.indexOf(clock);
export const logCode = (log: TrailLog): number => LOGS.indexOf(log);
export const logName = (code: number): TrailLog => known(LOGS[code], 'trail', code);
/** 0 standard, 1 schedule_two; the trail of a stream has the same code. */
export const streamCode = (stream: Stream): number => (stream === 'schedule_two' ? 1 : 0);
export const streamName = (code: number): Stream => (code === 1 ? 'schedule_two' : 'standard');
export const streamCodeOfSchedule = (code: number): number => (code === SCHEDULE_TWO ? 1 : 0);

const FLAG_BIT = new Map<Flag, number>(FLAGS.map((flag, bit) => [flag, 2 ** bit]));

/** Flags as one integer, bit n for FLAGS[n]. */
export function flagBits(flags: readonly Flag[]): number {
  let bits = 0;
  for (const flag of new Set(flags)) bits += FLAG_BIT.get(flag) ?? 0;
  return bits;
}

/** The flags of an integer made by `flagBits`, in the order of FLAGS. */
export function flagsOf(bits: number): Flag[] {
  return bits === 0 ? [] : FLAGS.filter((_, bit) => Math.floor(bits / 2 ** bit) % 2 === 1);
}

/** `bits` with one more flag set. */
export function withFlag(bits: number, flag: Flag): number {
  const bit = FLAG_BIT.get(flag) ?? 0;
  return Math.floor(bits / bit) % 2 === 1 ? bits : bits + bit;
}
