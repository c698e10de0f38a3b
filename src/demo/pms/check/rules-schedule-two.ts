/** Rules about the second verification of Schedule II. */
import type { SyncRecord } from '../../../record/wire.ts';
import { Shortfall, wantLookup, wantResults, wantVerified } from './expect.ts';
import { AT, type CheckContext, type Rule } from './rule.ts';

/** How often the check asks for a verification that takes its time. */
const LOOKUPS_LIMIT = 5;

export const SCHEDULE_TWO_RULES: readonly Rule[] = [
  {
    name: 'schedule_two',
    demands: 'verifies a Schedule II record for its hash',
    contract:
      'accepted carries verification with the same payload_hash; pending_verification is told by look-up when it ends.',
    pointer: AT.schema('Verification'),
    needsAccepted: true,
    async run(context) {
      const sample = context.stream();
      const record = sample.record(1, 'II');
      const answer = await context.peer.sync(sample.batch([record], 'II'));
      const [result] = wantResults(answer, [record], ['accepted', 'pending_verification']);
      if (result?.status === 'pending_verification') return await pollVerification(context, record);
      if (result !== undefined) wantVerified(result, record);
      const both = [record, sample.record(2, 'II')];
      const again = await context.peer.sync(sample.batch(both, 'II'), { note: 'the first of them sent before' });
      const [repeated] = wantResults(again, both, 'duplicate', ['accepted', 'pending_verification']);
      if (repeated !== undefined) wantVerified(repeated, record);
      return null;
    },
  },
  {
    name: 'dual_verification',
    demands: 'rejects Schedule II without dual_verification',
    contract: 'A Schedule II record without dual_verification: true is rejected.',
    pointer: AT.schema('SyncRecord'),
    needsAccepted: true,
    async run({ peer, stream }) {
      const sample = stream();
      const bare = { ...sample.record(1, 'II'), dual_verification: undefined };
      const answer = await peer.sync(sample.batch([bare], 'II'), { note: 'without dual_verification' });
      wantResults(answer, [bare], 'rejected');
      return null;
    },
  },
  {
    name: 'wrong_stream',
    demands: 'rejects Schedule II in the standard stream',
    contract: 'Schedule II records come in the stream schedule_two only; elsewhere they are rejected.',
    pointer: AT.schema('SyncRequest'),
    needsAccepted: true,
    async run({ peer, stream }) {
      const sample = stream();
      const record = sample.record(1, 'II');
      const answer = await peer.sync(sample.batch([record], 'NONE'), { note: 'Schedule II in the standard stream' });
      wantResults(answer, [record], 'rejected');
      return null;
    },
  },
];

/** A PMS may verify later: then its look-up must know the record, and name the hash once it is verified. */
async function pollVerification({ peer, gatewayId }: CheckContext, record: SyncRecord): Promise<string> {
  const key = record.idempotency_key;
  for (let asked = 0; asked < LOOKUPS_LIMIT; asked += 1) {
    const result = wantLookup(await peer.lookup(gatewayId, [key]), key);
    if (result.status === 'accepted') {
      wantVerified(result, record);
      return `verified at look-up ${asked + 1}`;
    }
    if (result.status === 'declined') return `declined at look-up ${asked + 1}`;
    if (result.status !== 'pending_verification') {
      throw new Shortfall(`look-up says ${result.status} where pending_verification was answered`);
    }
  }
  return `still pending after ${LOOKUPS_LIMIT} look-ups; the outcome was not seen`;
}
