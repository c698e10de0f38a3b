/** Rules about single records: hash, key, schedule, look-up. */
import { randomUUID } from 'node:crypto';
import { Shortfall, wantHeld, wantLookup, wantResults } from './expect.ts';
import { AT, type Rule } from './rule.ts';
import { hashOf } from './sample.ts';

export const RECORD_RULES: readonly Rule[] = [
  {
    name: 'hash_mismatch',
    demands: 'recomputes the hash of each payload',
    contract: 'A payload that is not the one of payload_hash is answered hash_mismatch, and its number stays free.',
    pointer: AT.schema('SyncResult'),
    needsAccepted: true,
    async run({ peer, stream }) {
      const sample = stream();
      const [whole, next] = [sample.record(1, 'NONE'), sample.record(2, 'NONE')];
      const damaged = [{ ...whole, payload: { ...whole.payload, quantity: 2 } }, next];
      const answer = await peer.sync(sample.batch(damaged), { note: 'the first payload changed after hashing' });
      wantResults(answer, damaged, 'hash_mismatch');
      // The number is not used up: the same record, whole, still fits in its place.
      const mended = await peer.sync(sample.batch([whole, next]), { note: 'the payload whole again' });
      wantResults(mended, [whole, next], 'accepted', 'accepted');
      return null;
    },
  },
  {
    name: 'key_conflict',
    demands: 'rejects a known key with another payload',
    contract: 'The same idempotency_key with another payload_hash is rejected with a reason; the first record stays.',
    pointer: AT.schema('SyncResult'),
    needsAccepted: true,
    async run({ peer, stream, gatewayId }) {
      const sample = stream();
      const first = sample.record(1, 'NONE');
      const other = sample.record(2, 'NONE', first.idempotency_key);
      const payload = { ...other.payload, quantity: 7 };
      const conflicting = { ...other, payload, payload_hash: hashOf(payload) };
      wantResults(await peer.sync(sample.batch([first])), [first], 'accepted');
      const answer = await peer.sync(sample.batch([conflicting]), { note: 'a known key with another payload' });
      wantResults(answer, [conflicting], 'rejected');
      wantHeld(wantLookup(await peer.lookup(gatewayId, [first.idempotency_key]), first.idempotency_key), first);
      return null;
    },
  },
  {
    name: 'rejected',
    demands: 'rejects an unknown schedule by itself, with a reason; the number is used up',
    contract:
      'A record that cannot be taken is rejected by itself, with a reason; its number is used up and the next is taken.',
    pointer: AT.sync,
    needsAccepted: true,
    async run({ peer, stream }) {
      const sample = stream();
      const [base, good, next] = [sample.record(1, 'NONE'), sample.record(2, 'NONE'), sample.record(3, 'NONE')];
      const payload = { ...base.payload, schedule: 'IX' };
      const bad = { ...base, schedule: 'IX', payload, payload_hash: hashOf(payload) };
      const answer = await peer.sync(sample.batch([bad, good]), { note: 'the first of schedule IX' });
      const [first] = wantResults(answer, [bad, good], 'rejected', 'accepted');
      if (first?.reason == null || first.reason === '') throw new Shortfall('rejects without a reason');
      wantResults(await peer.sync(sample.batch([next])), [next], 'accepted');
      return null;
    },
  },
  {
    name: 'lookup',
    demands: 'tells what it holds under a key',
    contract:
      'A look-up answers each key: accepted with payload_hash for what is held, unknown for what was never sent.',
    pointer: AT.answer('lookup', 200),
    needsAccepted: true,
    async run({ peer, stream, gatewayId }) {
      const sample = stream();
      const record = sample.record(1, 'NONE');
      const absent = `check-${randomUUID()}`;
      wantResults(await peer.sync(sample.batch([record])), [record], 'accepted');
      const answer = await peer.lookup(gatewayId, [record.idempotency_key, absent]);
      wantHeld(wantLookup(answer, record.idempotency_key), record);
      const { status } = wantLookup(answer, absent);
      if (status !== 'unknown') throw new Shortfall(`look-up says ${status} of a key never sent`);
      return null;
    },
  },
  {
    name: 'lookup_gateway',
    demands: 'keeps gateways apart in look-ups',
    contract: 'With gateway_id a look-up answers for that gateway’s records only: keys are unique per store.',
    pointer: AT.schema('LookupRequest'),
    needsAccepted: true,
    async run({ peer, stream, gatewayId }) {
      const sample = stream();
      const record = sample.record(1, 'NONE');
      wantResults(await peer.sync(sample.batch([record])), [record], 'accepted');
      const { status } = wantLookup(
        await peer.lookup(`${gatewayId}-2`, [record.idempotency_key]),
        record.idempotency_key,
      );
      if (status !== 'unknown') throw new Shortfall(`look-up for another gateway says ${status}`);
      return null;
    },
  },
];
