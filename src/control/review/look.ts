/** A look at what an item that waits says: first the entry in the trail, then the bytes. Nobody reads a record without leaving a trace. */
import type { TrailLog, WaitingDetail, WaitingItem } from '../../buffer/api.ts';
import type { ReviewBuffer } from './ports.ts';

/** Null when nothing of that number waits. `by` is who looks, as the caller knows it. */
export async function lookAt(
  buffer: Pick<ReviewBuffer, 'readWaitingDetail' | 'note'>,
  { of, number }: Pick<WaitingItem, 'of' | 'number'>,
  by: string | null,
): Promise<WaitingDetail | null> {
  const found = buffer.readWaitingDetail(of, number);
  if (found === null) return null;
  const hash = found.hash.toString('hex');
  await buffer.note(trailOf(found), 'access', { by, hash, number, of, way: 'review' });
  return found;
}

/** 21 CFR 1304.04(h): what concerns Schedule II is kept separately. */
function trailOf({ schedule }: Pick<WaitingItem, 'schedule'>): TrailLog {
  return schedule === 'II' ? 'schedule_two' : 'audit';
}
