/** Whether settled records can leave the buffer, and copies of what is closed reach the object store. */
import type { Snapshot } from '../snapshot.ts';
import { type Check, type Checker, span, verdict } from './check.ts';

/** A day in which the store or the line was away is no news; two are. */
const UPLOAD_LATE_MS = 48 * 3600 * 1000;

export const archiveChecks: Checker = (snapshot) => [...runChecks(snapshot), ...uploadChecks(snapshot)];

function runChecks({ archive, nowMs }: Snapshot): Check[] {
  if (archive === null) return [];
  const { trouble } = archive;
  const run: Check = {
    name: 'archive:run',
    componentType: 'component',
    observedValue: trouble?.code ?? 'ok',
    ...verdict(
      trouble !== null && {
        status: 'warn',
        output:
          trouble.code === 'archive_damaged'
            ? 'Some settled records in the buffer can no longer be opened, so they cannot be archived. Nothing else is kept from it. Check the disk.'
            : `Settled records cannot be archived since ${span(nowMs - trouble.sinceMs)}; they stay in the buffer, which grows. Check the disk of trail_dir and the log.`,
      },
    ),
  };
  return [run];
}

/** Nothing of it endangers a record, so it never fails the gateway. */
function uploadChecks({ uploads, nowMs }: Snapshot): Check[] {
  if (uploads === null) return [];
  const { fault, waitingFiles, oldestMs } = uploads;
  const what = waitingFiles === 1 ? '1 file waits' : `${waitingFiles} files wait`;
  const isLate = oldestMs !== null && nowMs - oldestMs > UPLOAD_LATE_MS;
  const late = `${what} for the object store, the oldest since ${span(nowMs - (oldestMs ?? nowMs))}. Look whether the line is quick enough, and at upload.max_kib_per_second.`;
  const output =
    fault === null ? late : `${what} since ${span(nowMs - fault.sinceMs)}: ${fault.message}. ${fault.hint}`;
  return [
    {
      name: 'archive:upload',
      componentType: 'component',
      observedValue: fault?.code ?? (isLate ? 'late' : 'ok'),
      ...verdict((fault !== null || isLate) && { status: 'warn', output }),
    },
  ];
}
