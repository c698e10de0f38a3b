/** What an archived record answers to its lane, and to a record that undoes it. */
import { membersOf } from '../../record/lookup.ts';
import type { Flag, Schedule, State } from '../../record/types.ts';
import type { IntakeResult, StreamEntry } from '../api.ts';
import type { KeptRecord } from '../archive-api.ts';
import type { ArchiveLookup } from '../session.ts';

const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64');

/** The first receipt of an archived record, with the state in which it left. */
export function duplicateOf(record: KeptRecord, sequence: number): IntakeResult {
  return {
    status: 'duplicate',
    // Both are from closed lists: an opened frame is as it was sealed.
    state: record.state as State,
    sequence,
    receivedAtMs: record.received_ms,
    flags: record.flags as Flag[],
    laneHash: bytesOf(record.lane_hash),
    payloadHash: bytesOf(record.payload_hash),
    trail: {
      log: record.trail.log === 'schedule_two' ? 'schedule_two' : 'audit',
      index: record.trail.index,
      leaf: bytesOf(record.trail.leaf),
    },
  };
}

/** An archived record as it is sent once more, under the numbers it has in the present epoch. */
export function streamEntryOf(record: KeptRecord, sequence: number, streamSequence: number): StreamEntry {
  const payloadHash = bytesOf(record.payload_hash);
  if (record.gap !== null || record.payload === null) {
    const gap = record.gap?.state === 'QUARANTINED' || record.gap === null ? 'quarantined' : 'set_aside';
    return { gap, sequence, streamSequence, payloadHash };
  }
  const payload = Buffer.from(record.payload);
  const key = membersOf(record.payload).idempotency_key;
  return {
    sequence,
    idempotencyKey: typeof key === 'string' ? key : '',
    streamSequence,
    state: record.state as State,
    lane: record.lane,
    laneHash: bytesOf(record.lane_hash),
    payloadHash,
    schedule: record.schedule as Schedule,
    receivedAtMs: record.received_ms,
    flags: record.flags as Flag[],
    payload,
  };
}

export function scheduleOf(record: KeptRecord | null): Schedule | null {
  return record === null ? null : (record.schedule as Schedule);
}

/** Fill of an archived sale by its key hash; none where its frame cannot be read: then the fill stays as sold. */
export function archivedSale(archive: ArchiveLookup, key: string): { fill: string | null; prior: number | null } {
  const known = archive.keyOf(key);
  const found = known === undefined ? null : archive.find(known);
  if (found === null || found === 'expired') return { fill: null, prior: null };
  return { fill: found.fill === null ? null : bytesOf(found.fill).toString('latin1'), prior: found.prior };
}
