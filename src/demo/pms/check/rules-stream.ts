/** Rules about the order of a stream. */
import { wantConflict, wantNothingStored, wantResults } from './expect.ts';
import { AT, type Rule } from './rule.ts';

/** The rule all that is about records rests on. */
export const ACCEPTED_RULE: Rule = {
  name: 'accepted',
  demands: 'accepts records, echoing number, key and hash',
  contract:
    '200 with one result for each entry, in order, each with its stream_sequence, idempotency_key and payload_hash.',
  pointer: AT.answer('sync', 200),
  needsAccepted: false,
  async run({ peer, stream }) {
    const sample = stream();
    const records = [sample.record(1, 'NONE'), sample.record(2, 'IV')];
    wantResults(await peer.sync(sample.batch(records)), records, 'accepted', 'accepted');
    return null;
  },
};

export const STREAM_RULES: readonly Rule[] = [
  {
    name: 'duplicate',
    demands: 'knows a record sent again in another batch',
    contract: 'The same key with the same payload_hash is duplicate, under whatever number; it is held once.',
    pointer: AT.sync,
    needsAccepted: true,
    async run({ peer, stream }) {
      const sample = stream();
      const records = [sample.record(1, 'NONE'), sample.record(2, 'NONE')];
      wantResults(await peer.sync(sample.batch(records.slice(0, 1))), records, 'accepted');
      const again = await peer.sync(sample.batch(records), { note: 'the first of them sent before' });
      wantResults(again, records, 'duplicate', 'accepted');
      return null;
    },
  },
  {
    name: 'order_ahead',
    demands: 'takes nothing that leaves a hole before it',
    contract:
      'A batch that begins after the number expected, or has a hole in it, is answered 409 with that number; nothing is stored.',
    pointer: AT.answer('sync', 409),
    needsAccepted: true,
    async run({ peer, stream, gatewayId }) {
      const sample = stream();
      const [one, two, three] = [sample.record(1, 'NONE'), sample.record(2, 'NONE'), sample.record(3, 'NONE')];
      wantConflict(await peer.sync(sample.batch([two]), { note: 'the first of its stream' }), 1);
      wantConflict(await peer.sync(sample.batch([one, three]), { note: 'with a hole in it' }), 1);
      await wantNothingStored(peer, gatewayId, [one, two, three], 'a batch it answered 409');
      wantResults(await peer.sync(sample.batch([one, two])), [one, two], 'accepted', 'accepted');
      return null;
    },
  },
  {
    name: 'order_behind',
    demands: 'gives a number once',
    contract:
      'Another record under a number that is used is answered 409 with the number expected; nothing of the batch is stored.',
    pointer: AT.answer('sync', 409),
    needsAccepted: true,
    async run({ peer, stream, gatewayId }) {
      const sample = stream();
      const records = [sample.record(1, 'NONE'), sample.record(2, 'NONE')];
      wantResults(await peer.sync(sample.batch(records)), records, 'accepted', 'accepted');
      const others = [sample.record(2, 'NONE'), sample.record(3, 'NONE')];
      wantConflict(await peer.sync(sample.batch(others), { note: 'another record under a used number' }), 3);
      await wantNothingStored(peer, gatewayId, others, 'a batch it answered 409');
      return null;
    },
  },
  {
    name: 'streams',
    demands: 'orders each stream and each epoch by itself',
    contract: 'A stream is named by gateway_id, epoch and stream. Each begins at 1 and waits for no other.',
    pointer: AT.schema('SyncRequest'),
    needsAccepted: true,
    async run({ peer, stream }) {
      const sample = stream();
      const standard = [sample.record(1, 'NONE'), sample.record(2, 'NONE')];
      const two = [sample.record(1, 'II')];
      wantResults(await peer.sync(sample.batch(standard)), standard, 'accepted', 'accepted');
      const other = await peer.sync(sample.batch(two, 'II'), { note: 'of the other stream' });
      wantResults(other, two, ['accepted', 'pending_verification']);
      const next = stream();
      const first = [next.record(1, 'NONE')];
      wantResults(await peer.sync(next.batch(first), { note: 'of a new epoch' }), first, 'accepted');
      return null;
    },
  },
  {
    name: 'gap_marker',
    demands: 'notes a gap marker in a record’s place, as often as it comes',
    contract: 'A gap marker uses its number up and is answered noted, without a key. It is no record.',
    pointer: AT.schema('GapMarker'),
    needsAccepted: true,
    async run({ peer, stream }) {
      const sample = stream();
      const entries = [sample.gap(1), sample.record(2, 'NONE')];
      wantResults(await peer.sync(sample.batch(entries)), entries, 'noted', 'accepted');
      const again = [...entries, sample.record(3, 'NONE')];
      wantResults(await peer.sync(sample.batch(again), { note: 'again' }), again, 'noted', 'duplicate', 'accepted');
      return null;
    },
  },
];
