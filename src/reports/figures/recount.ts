/** Counts again, from a trail, what a report's figures say of it. */
import type { RecountFigures } from '../api.ts';
import { countTrail } from './count.ts';
import { readFigures } from './figures.ts';

/** Nobody reads more than that, and a changed trail may differ everywhere. */
const MOST_TOLD = 100;

/** @throws CounterfoilError `usage` for what are no figures, `storage_io` when the trail cannot be read. */
export const recount: RecountFigures = async (bytes, trailDir) => {
  const { counted, window } = readFigures(bytes);
  const { from_ms: fromUtcMs, to_ms: toUtcMs, time_zone: timeZone } = window;
  const again = countTrail(trailDir, { fromUtcMs, toUtcMs, timeZone });
  // As they were written: what JSON leaves out is no difference.
  const fresh: unknown = JSON.parse(JSON.stringify(again.counted));
  return { differences: [...differences(counted, fresh, '/counted')].slice(0, MOST_TOLD) };
};

function* differences(one: unknown, other: unknown, at: string): Generator<string> {
  if (one === other) return;
  if (!isNode(one) || !isNode(other) || Array.isArray(one) !== Array.isArray(other)) {
    yield at;
    return;
  }
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  for (const name of names) {
    const step = name.replaceAll('~', '~0').replaceAll('/', '~1');
    yield* differences(one[name], other[name], `${at}/${step}`);
  }
}

const isNode = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
