/** Figures as people read them: local time from the figures' own offsets, durations, counts. No locale, no clock. */
import type { Figures } from '../figures/figures.ts';
import type { OffsetFigures } from '../figures/window.ts';

export class LocalTime {
  readonly #offsets: readonly OffsetFigures[];
  readonly zone: string;

  constructor({ offsets, time_zone: zone }: Figures['window']) {
    this.#offsets = offsets;
    this.zone = zone;
  }

  #shifted(utcMs: number): string {
    const minutes = this.#offsets.findLast(([from]) => from <= utcMs)?.[1] ?? this.#offsets[0]?.[1] ?? 0;
    const shifted = utcMs + minutes * 60_000;
    // Further than a date can be: somebody's clock was very wrong.
    return Math.abs(shifted) > 8.64e15 ? '????-??-??T??:??:??' : new Date(shifted).toISOString();
  }

  /** `2026-11-25` */
  day(utcMs: number): string {
    return this.#shifted(utcMs).slice(0, 10);
  }

  /** `2026-11-25 14:02` */
  minute(utcMs: number): string {
    return this.#shifted(utcMs).slice(0, 16).replace('T', ' ');
  }

  /** `2026-11-25 14:02:09` */
  second(utcMs: number): string {
    return this.#shifted(utcMs).slice(0, 19).replace('T', ' ');
  }
}

/** `1 234 567`, with narrow spaces that do not break. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** A duration in two units at most: `3 d 4 h`, `12 min 5 s`, `1.2 s`, `87 ms`. */
export function duration(ms: number): string {
  if (ms === 0) return '0';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${trimmed(ms / 1000)} s`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 3600) return two(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.floor(minutes / 60);
  return two(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

const trimmed = (value: number): string => value.toFixed(1).replace(/\.0$/, '');

/** `99.87 %`, never rounded up to 100. */
export function percent(part: number, whole: number): string {
  if (whole <= 0) return '–';
  const hundredths = Math.floor((part / whole) * 10_000);
  return `${(hundredths / 100).toFixed(2)} %`;
}

export function bytes(value: number): string {
  if (value < 10_000) return `${count(value)} B`;
  return value < 10_000_000 ? `${count(Math.round(value / 1000))} kB` : `${count(Math.round(value / 1e6))} MB`;
}

/** The beginning of a hash in hex: enough to find it, short enough for a column. */
export function shortHash(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex').slice(0, 12);
}
