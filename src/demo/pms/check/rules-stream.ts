/** Rules about the order of a stream. */
import { Shortfall, wantConflict, wantLookup, wantResults, wantStatus } from './expect.ts';
import { type Rule, rule } from './rule.ts';

export const STREAM_RULES: readonly Rule[] = [
  rule('accepted', 'accepts records, echoing number, key and hash', async ({ peer, stream }) => {
    const sample = stream();
    const records = [sample.record(1, 'NONE'), sample.record(2, 'IV')];
    wantResults(await peer.sync(sample.batch(records)), records, 'accepted', 'accepted');
  }),
  rule('duplicate', 'knows a record sent again in another batch', async ({ peer, stream }) => {
    const sample = stream();
    const records = [sample.record(1, 'NONE'), sample.record(2, 'NONE')];
    wantResults(await peer.sync(sample.batch(records.slice(0, 1))), records, 'accepted');
    wantResults(await peer.sync(sample.batch(records)), records, 'duplicate', 'accepted');
  }),
  rule('order', 'takes a stream only in order', async ({ peer, stream, gatewayId }) => {
    const sample = stream();
    const ahead = sample.record(2, 'NONE');
    wantConflict(await peer.sync(sample.batch([ahead])), 1);
    wantConflict(await peer.sync(sample.batch([sample.record(1, 'NONE'), sample.record(3, 'NONE')])), 1);
    const { status } = wantLookup(await peer.lookup(gatewayId, [ahead.idempotency_key]), ahead.idempotency_key);
    if (status !== 'unknown') throw new Shortfall('kept a record it answered 409 for');
    wantStatus(await peer.sync(sample.batch([sample.record(1, 'NONE')])), 200);
  }),
  rule('streams', 'orders each stream and each epoch by itself', async ({ peer, stream }) => {
    const sample = stream();
    const standard = [sample.record(1, 'NONE'), sample.record(2, 'NONE')];
    const two = [sample.record(1, 'II')];
    wantResults(await peer.sync(sample.batch(standard)), standard, 'accepted', 'accepted');
    wantResults(await peer.sync(sample.batch(two, 'II')), two, ['accepted', 'pending_verification']);
    const next = stream();
    const first = [next.record(1, 'NONE')];
    wantResults(await peer.sync(next.batch(first)), first, 'accepted');
  }),
  rule('gap_marker', 'notes a gap marker in a record’s place', async ({ peer, stream }) => {
    const sample = stream();
    const entries = [sample.gap(1), sample.record(2, 'NONE')];
    wantResults(await peer.sync(sample.batch(entries)), entries, 'noted', 'accepted');
  }),
];
