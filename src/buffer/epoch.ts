/**
 * A new epoch in the same buffer file, because the far end is another PMS: it knows nothing of the numbers before, so
 * everything that still has to reach it is numbered again from 1, in the same order. Rows are not touched. The new
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

export interface EpochOpened {
  readonly epoch: string;
  readonly predecessor: string;
  /** Records that were taken along and have new numbers. */
  readonly carried: number;
}

/** Within the writer's transaction. `epoch` is 8 hex digits nobody has used. Throws `review_stale` where it may not be. */
export function openEpoch(session: Session, heads: Heads, moment: Moment, act: EpochAct, epoch: string): EpochOpened {
  const { sql, ledger } = session;
  const before = sql.epoch.get();
  if (before === undefined) throw new Error('the buffer has no epoch');
  if (sql.findAct.get(act.actId) !== undefined) throw refused('this act was done before', 'Look at the newest epoch.');
  const oldest = sql.oldestUnsettled.get();
  const baseRecordId = (oldest?.record ?? ledger.lastRecordId + 1) - 1;
  const waiting = sql.waitingForPerson.get(baseRecordId)?.count ?? 0;
  if (waiting > 0) {
    const what = `${waiting} rejected, quarantined or set aside records have no number in a new epoch`;
    throw refused(what, 'Dismiss or resolve them first: counterfoil review list.');
  }
  const baseStandard = (oldest?.standard ?? ledger.lastNumber[0] + 1) - 1;
  const baseTwo = (oldest?.schedule_two ?? ledger.lastNumber[1] + 1) - 1;
  const row = [before.ordinal + 1, epoch, before.epoch, act.reason, baseRecordId, moment.utcMs, baseStandard, baseTwo];
  sql.addEpoch.run(...row, ledger.lastRecordId);
  const carried = ledger.lastRecordId - baseRecordId;
  const body = {
    act: act.actId,
    by: act.printedName,
    carried,
    epoch,
    key_id: act.keyId,
    meaning: act.meaning,
    predecessor: before.epoch,
    reason: act.reason,
    signed_ms: act.signedAtMs,
    statement: hash('sha256', act.statement, 'base64'),
  };
  const place = storeEntry(session, heads, 0, moment, 'epoch', body);
  storeEntry(session, heads, 1, moment, 'epoch', body);
  keepAct(session, moment, { ...act, step: 'epoch' }, place);
  return { epoch, predecessor: before.epoch, carried };
}

function refused(message: string, hint: string): CounterfoilError {
  return new CounterfoilError('review_stale', message, `${hint} Nothing was changed.`);
}
