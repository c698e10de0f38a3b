/** When the line fails by itself: one outage early, so that everybody sees one, then by seeded chance. Pure. */
import type { Random } from '../../base/clock.ts';

export interface Outage {
  /** From the end of the outage before, or the start. */
  readonly afterMs: number;
  readonly lastsMs: number;
  readonly kind: 'cut' | 'silent';
}

const FIRST: Outage = { afterMs: 10_000, lastsMs: 12_000, kind: 'cut' };
const SILENT_SHARE = 0.35;

const between = (random: Random, fromMs: number, toMs: number) => Math.round(fromMs + random() * (toMs - fromMs));

/** Outages without end. A silent one lasts longer: nobody says so at once, it has to be noticed. */
export function* outages(random: Random): Generator<Outage, never> {
  yield FIRST;
  for (;;) {
    const kind = random() < SILENT_SHARE ? 'silent' : 'cut';
    const afterMs = between(random, 30_000, 60_000);
    const lastsMs = kind === 'silent' ? between(random, 20_000, 30_000) : between(random, 8_000, 18_000);
    yield { afterMs, lastsMs, kind };
  }
}
