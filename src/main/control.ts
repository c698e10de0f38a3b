/** The control socket of a gateway, put together: review by people and lanes in training. */
import { randomBytes } from 'node:crypto';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Operations } from '../base/socket/operations.ts';
import type { RecordBuffer } from '../buffer/api.ts';
import { backupOperations } from '../control/backup.ts';
import { recordsOperations } from '../control/records/operations.ts';
import type { RecordsParts } from '../control/records/ports.ts';
import { reviewOperations } from '../control/review/desk.ts';
import type { ReviewParts, UserSigner } from '../control/review/ports.ts';
import { controlServer } from '../control/server.ts';
import { controlSocketPath } from '../control/socket-path.ts';
import type { TrainingLanes } from '../control/training/lanes.ts';
import { trainingOperations } from '../control/training/operations.ts';

export interface ControlParts extends Omit<ReviewParts, 'buffer'> {
  readonly dataDir: string;
  readonly buffer: RecordBuffer;
  readonly training: TrainingLanes;
  readonly records: Pick<RecordsParts, 'retentionYears' | 'onExpired'>;
  /** Operations of other parts, by name. */
  readonly more: Operations;
  readonly signer: UserSigner;
  readonly log: Log;
}

/**
 * Opens the socket; what it returns closes it. A socket that cannot be opened keeps no lane out: the gateway captures and
 * syncs without it, and its log says what cannot be done until that is mended (promise 8).
 */
export async function openControl(parts: ControlParts): Promise<() => Promise<void>> {
  const { dataDir, training, log, records, more, signer, ...review } = parts;
  const operations = {
    ...reviewOperations(review, signer),
    ...trainingOperations(training),
    ...recordsOperations({ ...review, ...records, newLook: () => randomBytes(8).toString('hex') }),
    ...backupOperations(async (body) => (await parts.buffer.note('audit', 'backup', body)).index),
    ...more,
  };
  try {
    const server = controlServer(controlSocketPath(dataDir), { operations, log });
    await server.start();
    return () => server.stop();
  } catch (error) {
    const hint = error instanceof CounterfoilError ? { hint: error.hint } : {};
    log.error(`no control socket, so no review and no training: ${messageOf(error)}`, hint);
    return async () => {};
  }
}
