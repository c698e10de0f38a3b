/** Trails like a store's, of any length: written as docs/FORMATS.md has them by the maker that the tests use. */
import { TrailMaker } from '../../test/inspect/trail-maker.ts';

export type Mix = 'events' | 'intake';

export const MIXES: Readonly<Record<Mix, string>> = {
  events: 'events of about 300 bytes',
  intake: 'every second entry an intake of 4 records',
};

const SEGMENT_BYTES = 8 * 1024 * 1024;
/** A store's entries come by twos and threes, and at most one checkpoint a second is signed. */
const ENTRIES_A_CHECKPOINT = 200;

const HASH = 'K0OHyLwvGMmXeMPFLZxe1tFqQbLJ0jxlYHbkI1M0YPk=';

export function makeTrail(directory: string, mix: Mix, entries: number): void {
  const maker = new TrailMaker(directory).begin();
  while (maker.size < entries) {
    if (mix === 'intake' && maker.size % 2 === 0) maker.intake(4);
    else event(maker);
    if (maker.size % ENTRIES_A_CHECKPOINT === 0) maker.checkpoint();
    if (maker.segmentBytes > SEGMENT_BYTES) maker.roll();
  }
  maker.end();
}

/** What a store writes most besides intakes: settlements, attempts to send, layers of the link. */
function event(maker: TrailMaker): void {
  const n = maker.size;
  if (n % 3 === 0) maker.entry('settle', { records: [[n, n, 'SYNCED', HASH]] });
  else if (n % 3 === 1) maker.entry('sync_attempt', { batch: HASH, first: n, records: 12, stream: 'standard' });
  else
    maker.entry('link_layer', { layers: [{ changes: 1, code: 'connection_refused', layer: 'tcp', verdict: 'fail' }] });
}
