/** Fills a buffer in this process, through the buffer's own writer and the same check as a publish, without broker. */
import { systemClock } from '../../src/base/clock.ts';
import type { IntakeItem } from '../../src/buffer/api.ts';
import { openBuffer } from '../../src/buffer/open.ts';
import { checkRecord } from '../../src/record/check.ts';
import { type SalesOptions, type SoldRecord, sales } from './records.ts';

/**
 * Records of a commit. The buffer merges 256 keys into its index with each commit; in larger groups, one after the other,
 * the keys that wait for it pile up, and the next start reads them all.
 */
const GROUP = 256;
const PROGRESS_EVERY = 100_000;

export interface Preloaded {
  readonly records: number;
  readonly seconds: number;
}

/**
 * Makes the buffer in `dataDir` and puts the records in; what a gateway started there finds is a store after an outage.
 * @throws Error when a record was not accepted.
 */
export async function preload(
  dataDir: string,
  gatewayId: string,
  options: SalesOptions,
  progress: (text: string) => void,
): Promise<Preloaded> {
  const startedAtMs = performance.now();
  const onFatal = (error: Error) => {
    throw error;
  };
  const buffer = await openBuffer({ dataDir, gatewayId, clock: systemClock, onFatal });
  let records = 0;
  try {
    // One group is made ready while the one before it is being committed.
    let committing: Promise<unknown> = Promise.resolve();
    for (const group of groupsOf(sales(options))) {
      await committing;
      committing = buffer.intake(group).then((results) => {
        if (results.some(({ status }) => status !== 'accepted')) throw new Error('a made-up record was not accepted');
      });
      records += group.length;
      if (records % PROGRESS_EVERY < GROUP) progress(`preloaded ${records} records`);
    }
    await committing;
  } finally {
    await buffer.close();
  }
  return { records, seconds: (performance.now() - startedAtMs) / 1000 };
}

function* groupsOf(records: Iterable<SoldRecord>): Generator<IntakeItem[]> {
  let group: IntakeItem[] = [];
  for (const record of records) {
    group.push(itemOf(record));
    if (group.length < GROUP) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

function itemOf({ lane, soldAtMs, bytes }: SoldRecord): IntakeItem {
  const clock = 'synchronised';
  const outcome = checkRecord(bytes, { receivedAtMs: soldAtMs, clock, products: null });
  if (!outcome.ok) throw new Error(`a made-up record is none: ${outcome.reasons.map(({ code }) => code).join(', ')}`);
  return { type: 'record', lane, receivedAtMs: soldAtMs, clock, record: outcome.record };
}
