/** Rules about single records: hash, key, schedule, second verification, look-up. */
import { randomUUID } from 'node:crypto';
import type { SyncRecord } from '../../../record/wire.ts';
import { Shortfall, wantHeld, wantLookup, wantResults, wantVerified } from './expect.ts';
import { type CheckContext, type Rule, remarkingRule, rule } from './rule.ts';
import { hashOf } from './sample.ts';

/** How often the check asks for a verification that takes its time. */
const LOOKUPS_LIMIT = 5;

export const RECORD_RULES: readonly Rule[] = [
  rule('hash_mismatch', 'recomputes the hash of each payload', async ({ peer, stream }) => {
    const sample = stream();
    const whole = sample.record(1, 'NONE');
    const damaged = [{ ...whole, payload: { ...whole.payload, quantity: 2 } }];
    wantResults(await peer.sync(sample.batch(damaged)), damaged, 'hash_mismatch');
    // The number is not used up: the same record, whole, still fits in its place.
    wantResults(await peer.sync(sample.batch([whole])), [whole], 'accepted');
  }),
  rule('key_conflict', 'rejects a known key with another payload', async ({ peer, stream }) => {
    const sample = stream();
    const first = sample.record(1, 'NONE');
    const other = sample.record(2, 'NONE', first.idempotency_key);
    const payload = { ...other.payload, quantity: 7 };
    const conflicting = { ...other, payload, payload_hash: hashOf(payload) };
    wantResults(await peer.sync(sample.batch([first])), [first], 'accepted');
    wantResults(await peer.sync(sample.batch([conflicting])), [conflicting], 'rejected');
  }),
  rule('rejected', 'rejects an unknown schedule by itself, with a reason', async ({ peer, stream }) => {
    const sample = stream();
    const good = sample.record(2, 'NONE');
    const base = sample.record(1, 'NONE');
    const payload = { ...base.payload, schedule: 'IX' };
    const bad = { ...base, schedule: 'IX', payload, payload_hash: hashOf(payload) };
    const [first] = wantResults(await peer.sync(sample.batch([bad, good])), [bad, good], 'rejected', 'accepted');
    if (first?.reason == null || first.reason === '') throw new Shortfall('rejects without a reason');
  }),
  rule('lookup', 'tells what it holds under a key', async ({ peer, stream, gatewayId }) => {
    const sample = stream();
    const record = sample.record(1, 'NONE');
    const absent = randomUUID();
    wantResults(await peer.sync(sample.batch([record])), [record], 'accepted');
    const answer = await peer.lookup(gatewayId, [record.idempotency_key, absent]);
    wantHeld(wantLookup(answer, record.idempotency_key), record);
    const { status } = wantLookup(answer, absent);
    if (status !== 'unknown') throw new Shortfall(`look-up says ${status} of a key never sent`);
  }),
  remarkingRule('schedule_two', 'verifies a Schedule II record for its hash', async (context) => {
    const sample = context.stream();
    const record = sample.record(1, 'II');
    const answer = await context.peer.sync(sample.batch([record], 'II'));
    const [result] = wantResults(answer, [record], ['accepted', 'pending_verification']);
    if (result?.status === 'pending_verification') return await pollVerification(context, record);
    if (result !== undefined) wantVerified(result, record);
    return null;
  }),
  rule('dual_verification', 'rejects Schedule II without dual_verification', async ({ peer, stream }) => {
    const sample = stream();
    const bare = { ...sample.record(1, 'II'), dual_verification: undefined };
    wantResults(await peer.sync(sample.batch([bare], 'II')), [bare], 'rejected');
  }),
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
