/**
 * Windows in the store's time zone: local days as they really are (23 or 25 hours when the clock is changed), and even
 * steps for charts. Temporal knows the zone's rules (tc39.es/proposal-temporal).
 */
import type { ReportWindow } from '../api.ts';

export interface LocalDay {
  /** `2026-11-25` */
  readonly day: string;
  readonly fromUtcMs: number;
  readonly toUtcMs: number;
}

const MINUTE_MS = 60_000;
/** Steps a chart can have; the first that gives at most `MOST_STEPS` is taken. */
const STEPS_MS = [1 / 6, 1, 5, 15, 30, 60, 120, 360, 720, 1440, 10_080].map((minutes) => minutes * MINUTE_MS);
const MOST_STEPS = 300;

/** The local days a window touches, cut to it. */
export function localDays({ fromUtcMs, toUtcMs, timeZone }: ReportWindow): LocalDay[] {
  const days: LocalDay[] = [];
  let day = dateOf(fromUtcMs, timeZone);
  for (let from = fromUtcMs; from < toUtcMs; ) {
    const next = day.add({ days: 1 });
    const to = Math.min(startOf(next, timeZone), toUtcMs);
    if (to > from) days.push({ day: day.toString(), fromUtcMs: from, toUtcMs: to });
    from = Math.max(from, to);
    day = next;
  }
  return days;
}

/** First moment of a local day, UTC ms: 00:00, or what the zone makes of it where that hour does not exist. */
export function startOf(day: Temporal.PlainDate, timeZone: string): number {
  return day.toZonedDateTime(timeZone).epochMilliseconds;
}

export function dateOf(utcMs: number, timeZone: string): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(utcMs).toZonedDateTimeISO(timeZone).toPlainDate();
}

/** A step for charts of that window, ms. */
export function chartStepMs({ fromUtcMs, toUtcMs }: ReportWindow): number {
  const length = toUtcMs - fromUtcMs;
  return STEPS_MS.find((step) => length / step <= MOST_STEPS) ?? Math.ceil(length / MOST_STEPS / MINUTE_MS) * MINUTE_MS;
}

/** `[from_ms, minutes]`: from then on local time is that many minutes ahead of UTC. */
export type OffsetFigures = readonly [number, number];

/** Local time in a window and two weeks around it. The first element holds from the beginning of all time. */
export function offsetsOf({ fromUtcMs, toUtcMs, timeZone }: ReportWindow): OffsetFigures[] {
  let at = Temporal.Instant.fromEpochMilliseconds(fromUtcMs - MARGIN_MS).toZonedDateTimeISO(timeZone);
  const offsets: OffsetFigures[] = [];
  for (;;) {
    offsets.push([at.epochMilliseconds, Math.round(at.offsetNanoseconds / NANOSECONDS_A_MINUTE)]);
    const next = at.getTimeZoneTransition('next');
    if (next === null || next.epochMilliseconds > toUtcMs + MARGIN_MS) return offsets;
    at = next;
  }
}

const MARGIN_MS = 14 * 1440 * MINUTE_MS;
const NANOSECONDS_A_MINUTE = 60e9;
