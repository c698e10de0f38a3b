/** Whether settled records can leave the buffer. */
import { type Check, type Checker, span, verdict } from './check.ts';

export const archiveChecks: Checker = ({ archive, nowMs }) => {
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
};
