/**
 * Time to full. Two trends, the sooner of the two counts: the last ten minutes (a backlog, a flood) and the last day (the
 * shop's usual pace). A trend is the Theil–Sen estimator: the median of the slopes between all pairs of its samples, so
 * that one reclaim, one restart of another program or one bad reading does not turn it round (Sen, JASA 63, 1968). With
 * at most 48 samples that is 1,128 slopes. No forecast before a fifth of a window has been seen, none for what shrinks.
 */
interface Sample {
  readonly atMs: number;
  readonly share: number;
}

interface Window {
  readonly spanMs: number;
  samples: Sample[];
}

const SAMPLES = 48;
const MINUTE_MS = 60_000;
const SPANS_MS = [10 * MINUTE_MS, 24 * 60 * MINUTE_MS];
const SEEN_BEFORE_WORD = 1 / 5;
/** Slower than this is no trend but rounding: full in more than twenty years. */
const FARTHEST_MS = 20 * 366 * 24 * 60 * MINUTE_MS;

export class Forecast {
  readonly #windows: readonly Window[] = SPANS_MS.map((spanMs) => ({ spanMs, samples: [] }));

  /** A measurement of the largest share, on the monotonic clock. */
  take(atMs: number, share: number): void {
    for (const window of this.#windows) {
      const newest = window.samples.at(-1);
      if (newest !== undefined && atMs - newest.atMs < window.spanMs / SAMPLES) continue;
      window.samples = [...window.samples.filter((sample) => atMs - sample.atMs <= window.spanMs), { atMs, share }];
    }
  }

  /** Milliseconds until the share is 1 at the sooner of the two paces; null while there is nothing to say. */
  fullInMs(share: number): number | null {
    const times = this.#windows.flatMap(({ samples, spanMs }) => {
      const slope = slopeOf(samples, spanMs * SEEN_BEFORE_WORD);
      return slope === null || slope <= 0 ? [] : [Math.max(0, 1 - share) / slope];
    });
    const soonest = Math.min(...times);
    return soonest <= FARTHEST_MS ? soonest : null;
  }
}

/** Median slope, share per ms. */
function slopeOf(samples: readonly Sample[], seenMs: number): number | null {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.atMs - first.atMs < seenMs) return null;
  const slopes = samples.flatMap((a, at) =>
    samples.slice(at + 1).map((b) => (b.share - a.share) / Math.max(1, b.atMs - a.atMs)),
  );
  slopes.sort((a, b) => a - b);
  return slopes[Math.floor(slopes.length / 2)] ?? null;
}
