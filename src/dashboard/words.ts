/** Figures and times as people read them. */

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const SMALL = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });

/** `12,345`. */
export function whole(value: number): string {
  return WHOLE.format(value);
}

/** One place below ten, none above; `–` for what is not known. */
export function figure(value: number | null): string {
  if (value === null) return '–';
  return Math.abs(value) < 10 ? SMALL.format(value) : WHOLE.format(value);
}

/** `63 %`. */
export function percent(share: number | null): string {
  return share === null ? '–' : `${SMALL.format(share * 100)} %`;
}

/** A span of time with the two units that matter: `45 s`, `12 min`, `3 h 20 min`, `5 d 2 h`. Never below 0. */
export function span(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 120) return `${s} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return two(hours, 'h', minutes % 60, 'min');
  return two(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** `8.2 GB`, by thousands as disks are sold. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${figure(value)} ${units[unit]}`;
}

/** `1 record`, `2 records`. */
export function many(count: number, one: string, more = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : more}`;
}

/** Writes times in the store's zone. */
export class Times {
  readonly #short: Intl.DateTimeFormat;
  readonly #long: Intl.DateTimeFormat;

  /** @throws RangeError for a zone that this Node.js does not know */
  constructor(timeZone: string) {
    const clock = { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
    this.#short = new Intl.DateTimeFormat('en-US', { ...clock, month: 'short', day: 'numeric' });
    this.#long = new Intl.DateTimeFormat('en-US', {
      ...clock,
      second: '2-digit',
      dateStyle: undefined,
      timeZoneName: 'short',
      month: 'short',
      day: 'numeric',
      year: 'numeric',
    });
  }

  /** `Nov 22, 14:05`. */
  short(utcMs: number): string {
    return this.#short.format(utcMs);
  }

  /** `Nov 22, 2026, 14:05:09 EST`. */
  long(utcMs: number): string {
    return this.#long.format(utcMs);
  }
}
