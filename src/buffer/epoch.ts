/**
 * A new epoch in the same buffer file, because the far end is another PMS and knows nothing of the numbers before, or
 * because the file was restored and the numbers behind its end have been given before: everything that still has to reach
 * the PMS is numbered again from 1, in the same order. Rows are not touched. The new
 * epoch's bases lie just below the oldest record that is not settled, and every number seen from outside is the row's
 * less the base. Lanes see another epoch and send again what they keep; the answer is `duplicate` with the new number.
 *
 * If the power goes before COMMIT the old epoch goes on; after it the new one is there, with the act and its entries.
 */
import { hash } from 'node:crypto';
import { CounterfoilError } from '../base/errors.ts';
import { keepAct } from './act-group.ts';
import type { SignedAct } from './api.ts';
import { type Heads, type Moment, type Session, storeEntry } from './session.ts';

export interface EpochAct extends Omit<SignedAct, 'step' | 'subjects'> {
  /** Why, as a short word: `new_pms`. */
  readonly reason: string;
}

/** A restored buffer's epoch; `act` is null where nobody has signed, and the trail says so. */
export interface RestoredEpoch {
  readonly act: EpochAct | null;
  /** SHA-256 of the backup's manifest, base64. */
  readonly backup: string;
  /** When that backup was made, UTC. */
  readonly madeAtMs: number;
}

/** `epoch.reason` of a restored buffer. */
export const RESTORED = 'restored';

export interface EpochOpened {
  readonly epoch: string;
  readonly predecessor: string;
  /** Records that were taken along and have new numbers. */
  readonly carried: number;
}

/** Within the writer's transaction. `epoch` is 8 hex digits nobody has used. Throws `review_stale` where it may not be. */
export function openEpoch(
  session: Session,
  heads: Heads,
  moment: Moment,
  cause: EpochAct | RestoredEpoch,
  epoch: string,
): EpochOpened {
  return 'backup' in cause
    ? openRestored(session, heads, moment, cause, epoch)
    : openByAct(session, heads, moment, cause, epoch);
}

function openByAct(session: Session, heads: Heads, moment: Moment, act: EpochAct, epoch: string): EpochOpened {
  const { sql, ledger } = session;
  if (sql.findAct.get(act.actId) !== undefined) throw refused('this act was done before', 'Look at the newest epoch.');
  const oldest = sql.oldestUnsettled.get()?.record ?? ledger.lastRecordId + 1;
  const waiting = sql.waitingForPerson.get(oldest - 1)?.count ?? 0;
  if (waiting > 0) {
    const what = `${waiting} rejected, quarantined or set aside records have no number in a new epoch`;
    throw refused(what, 'Dismiss or resolve them first: counterfoil review list.');
  }
  return begin(session, heads, moment, { reason: act.reason, act, epoch, oldest });
}

/**
 * A restored buffer's epoch begins below everything that is open, also what waits for a person: it is the same
 * PMS that said no, and a person must still be able to name the record by its number.
 */
function openRestored(
  session: Session,
  heads: Heads,
  moment: Moment,
  { act, backup, madeAtMs }: RestoredEpoch,
  epoch: string,
): EpochOpened {
  const { sql, ledger } = session;
  const oldest = sql.oldestOpen.get()?.record ?? ledger.lastRecordId + 1;
  const opened = begin(session, heads, moment, { reason: RESTORED, act, epoch, oldest });
  const body = { backup, made_ms: madeAtMs, signed: act !== null };
  storeEntry(session, heads, 0, moment, 'restored', body);
  storeEntry(session, heads, 1, moment, 'restored', body);
  return opened;
}

interface Beginning {
  readonly reason: string;
  readonly act: EpochAct | null;
  readonly epoch: string;
  /** record_id of the first record with a number in the new epoch. */
  readonly oldest: number;
}

function begin(session: Session, heads: Heads, moment: Moment, { reason, act, epoch, oldest }: Beginning): EpochOpened {
  const { sql, ledger } = session;
  const before = sql.epoch.get();
  if (before === undefined) throw new Error('the buffer has no epoch');
  const baseRecordId = oldest - 1;
  const unsettled = sql.oldestUnsettled.get();
  const baseStandard = (unsettled?.standard ?? ledger.lastNumber[0] + 1) - 1;
  const baseTwo = (unsettled?.schedule_two ?? ledger.lastNumber[1] + 1) - 1;
  const row = [before.ordinal + 1, epoch, before.epoch, reason, baseRecordId, moment.utcMs, baseStandard, baseTwo];
  sql.addEpoch.run(...row, ledger.lastRecordId);
  const carried = ledger.lastRecordId - baseRecordId;
  const body = {
    act: act?.actId ?? null,
    by: act?.printedName ?? null,
    carried,
    epoch,
    key_id: act?.keyId ?? null,
    meaning: act?.meaning ?? null,
    predecessor: before.epoch,
    reason,
    signed_ms: act?.signedAtMs ?? null,
    statement: act === null ? null : hash('sha256', act.statement, 'base64'),
  };
  const place = storeEntry(session, heads, 0, moment, 'epoch', body);
  storeEntry(session, heads, 1, moment, 'epoch', body);
  if (act !== null) keepAct(session, moment, { ...act, step: 'epoch' }, place);
  return { epoch, predecessor: before.epoch, carried };
}

function refused(message: string, hint: string): CounterfoilError {
  return new CounterfoilError('review_stale', message, `${hint} Nothing was changed.`);
}
