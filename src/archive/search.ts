/**
 * A search through buffer and archive. The buffer first: what leaves it meanwhile is then found in the archive, and what was
 * found already is not shown again. Nothing is held in memory but the numbers of what the buffer gave.
 */
import type { KeptRecord, RecordSource } from '../buffer/api.ts';
import { lookupValues, membersOf, type RecordMembers } from '../record/lookup.ts';
import { type Filter, isAskedFor, lookupLists, mayFit } from './filter.ts';

export interface FoundRecord {
  readonly heldIn: 'buffer' | 'archive';
  readonly record: KeptRecord;
  /** The record's own members; none where its bytes could not be read. */
  readonly members: RecordMembers;
}

export interface SearchTally {
  /** Records looked through, as far as nothing told that they need not be. */
  looked: number;
  found: number;
  framesOpened: number;
  framesPassed: number;
  /** Files with frames that could not be read: the result is not complete. */
  readonly unreadable: Set<string>;
}

export function newTally(): SearchTally {
  return { looked: 0, found: 0, framesOpened: 0, framesPassed: 0, unreadable: new Set() };
}

export function* search(source: RecordSource, filter: Filter, tally: SearchTally): Generator<FoundRecord> {
  const shown = new Set<number>();
  for (const record of source.fromBuffer((row) => mayFit(filter, row))) {
    tally.looked += 1;
    const found = judged(filter, record, 'buffer');
    if (found === null) continue;
    shown.add(record.record_id);
    tally.found += 1;
    yield found;
  }
  const lists = lookupLists(filter);
  for (const frame of source.fromArchive()) {
    const { received } = filter;
    const isOutside = received !== null && (frame.toMs < received.fromMs || frame.fromMs >= received.toMs);
    const isOther = filter.schedules.length > 0 && !frameMayHave(frame.stream, filter.schedules);
    if (isOutside || isOther || !lists.every((values) => frame.mayHold(values))) {
      tally.framesPassed += 1;
      continue;
    }
    const records = frame.records();
    if (records === null) {
      tally.unreadable.add(frame.file);
      continue;
    }
    tally.framesOpened += 1;
    for (const record of records) {
      tally.looked += 1;
      const found = shown.has(record.record_id) ? null : judged(filter, record, 'archive');
      if (found === null) continue;
      tally.found += 1;
      yield found;
    }
  }
}

const frameMayHave = (stream: string, schedules: readonly string[]): boolean =>
  schedules.some((schedule) => (schedule === 'II') === (stream === 'schedule_two'));

function judged(filter: Filter, record: KeptRecord, heldIn: FoundRecord['heldIn']): FoundRecord | null {
  const members = membersOf(record.payload);
  if (!isAskedFor(filter, record, lookupValues(members), members.dispensed_at_utc)) return null;
  return { heldIn, record, members };
}
