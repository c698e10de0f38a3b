/** What `backup create` has the running gateway write into its trail: it alone may write there. */
import { z } from 'zod';
import { type Operations, operation } from '../base/socket/operations.ts';
import { TRAIL_KINDS, type TrailBodyOf } from '../record/trail-kinds.ts';

/** Body of the trail entry. */
const backupNote = TRAIL_KINDS.backup;
export type BackupNote = TrailBodyOf<'backup'>;

/** What the operation answers: the entry's index in trail `audit`. */
export const backupNoted = z.object({ index: z.int() });

export function backupOperations(note: (body: BackupNote) => Promise<number>): Operations {
  return { 'backup.note': operation(backupNote, async (body) => ({ index: await note(body) })) };
}
