/** Rules about the request around the records: key of the batch, digest, coding, size, form. */
import { randomUUID } from 'node:crypto';
import canonicalize from 'canonicalize';
import { contentDigestOf, type SyncRecord, SyncResponse } from '../../../record/wire.ts';
import { Shortfall, wantConflict, wantNothingStored, wantResults, wantStatus } from './expect.ts';
import type { PeerAnswer } from './peer.ts';
import { AT, type CheckContext, NotChecked, type Rule } from './rule.ts';
import { hashOf } from './sample.ts';

export const BODY_RULES: readonly Rule[] = [
  {
    name: 'batch_key',
    demands: 'gives the same batch the same answer',
    contract: 'The same X-Idempotency-Key with the same bytes gets the same answer, or every entry as duplicate.',
    pointer: AT.parameter('BatchKey'),
    needsAccepted: true,
    async run({ peer, stream }) {
      const sample = stream();
      const record = sample.record(1, 'NONE');
      const batch = sample.batch([record]);
      const batchKey = randomUUID();
      const first = await peer.sync(batch, { batchKey });
      wantResults(first, [record], 'accepted');
      const second = await peer.sync(batch, { batchKey, note: 'for the second time' });
      wantStatus(second, 200);
      if (sameResults(first, second)) return null;
      wantResults(second, [record], 'duplicate');
      return 'remembers records but no batches';
    },
  },
  {
    name: 'batch_key_retried',
    demands: 'tries a refused batch anew when it comes again',
    contract: 'Only answers 200 are remembered by X-Idempotency-Key: a remembered 409 would end the stream for good.',
    pointer: AT.parameter('BatchKey'),
    needsAccepted: true,
    async run({ peer, stream }) {
      const sample = stream();
      const [first, second] = [sample.record(1, 'NONE'), sample.record(2, 'NONE')];
      const early = sample.batch([second]);
      wantConflict(await peer.sync(early, { note: 'the first of its stream' }), 1);
      wantResults(await peer.sync(sample.batch([first])), [first], 'accepted');
      wantResults(await peer.sync(early, { note: 'the batch that was answered 409 before' }), [second], 'accepted');
      return null;
    },
  },
  {
    name: 'batch_key_reuse',
    demands: 'refuses a batch key with other bytes',
    contract: 'The same X-Idempotency-Key with other bytes is a mistake of the sender: 422, nothing is stored.',
    pointer: AT.answer('sync', 422),
    needsAccepted: true,
    async run({ peer, stream }) {
      const sample = stream();
      const batchKey = randomUUID();
      wantStatus(await peer.sync(sample.batch([sample.record(1, 'NONE')]), { batchKey }), 200);
      const other = sample.batch([sample.record(2, 'NONE')]);
      wantStatus(await peer.sync(other, { batchKey, note: 'with the batch key of another batch' }), 400, 422);
      return null;
    },
  },
  {
    name: 'digest',
    demands: 'checks Content-Digest',
    contract: 'Content-Digest is taken over the body on the wire. A body that does not match was damaged: 400.',
    pointer: AT.parameter('ContentDigest'),
    needsAccepted: true,
    async run({ peer, stream, gatewayId }) {
      const sample = stream();
      const record = sample.record(1, 'NONE');
      const digest = contentDigestOf(Buffer.from('other bytes'));
      const sent = await peer.sync(sample.batch([record]), { digest, note: 'with the Content-Digest of other bytes' });
      wantStatus(sent, 400, 422);
      await wantNothingStored(peer, gatewayId, [record], 'a body that is not its digest’s');
      return null;
    },
  },
  {
    name: 'gzip',
    demands: 'takes bodies coded with gzip, if it offers that',
    contract: 'What an answer names in Accept-Encoding is taken in requests; what is not taken is answered 415.',
    pointer: AT.parameter('ContentEncoding'),
    needsAccepted: true,
    run: (context) => codedBody(context, 'gzip'),
  },
  {
    name: 'zstd',
    demands: 'takes bodies coded with zstd, if it offers that',
    contract: 'What an answer names in Accept-Encoding is taken in requests; what is not taken is answered 415.',
    pointer: AT.parameter('ContentEncoding'),
    needsAccepted: true,
    run: (context) => codedBody(context, 'zstd'),
  },
  {
    name: 'coding_unknown',
    demands: 'says 415 to a coding it does not know',
    contract: 'A content coding that is not taken is answered 415: gateways then send plain. Nothing is stored.',
    pointer: AT.answer('sync', 415),
    needsAccepted: true,
    async run({ peer, stream, gatewayId }) {
      const sample = stream();
      const record = sample.record(1, 'NONE');
      wantStatus(await peer.sync(sample.batch([record]), { claimedCoding: 'x-counterfoil-unknown' }), 415);
      await wantNothingStored(peer, gatewayId, [record], 'a body in a coding it does not know');
      return null;
    },
  },
  {
    name: 'malformed',
    demands: 'refuses what is no batch',
    contract: 'A body that is no JSON is answered 400, JSON of another form 422. Gateways then search for the entry.',
    pointer: AT.answer('sync', 422),
    needsAccepted: true,
    async run({ peer, stream }) {
      const sample = stream();
      wantStatus(await peer.syncBytes(Buffer.from('{"gateway_id":'), { note: 'half a JSON text' }), 400, 422);
      const { lane_hash: _left, ...broken } = sample.record(1, 'NONE');
      const batch = { ...sample.batch([]), records: [broken] };
      wantStatus(await peer.sync(batch, { note: 'a record without lane_hash' }), 400, 422);
      return null;
    },
  },
  {
    name: 'unknown_members',
    demands: 'ignores members it does not know',
    contract: 'Unknown members may come at any time, in the batch, in a record and in its payload, and are no mistake.',
    pointer: AT.schema('SyncRecord'),
    needsAccepted: true,
    async run({ peer, stream }) {
      const sample = stream();
      const plain = sample.record(1, 'NONE');
      const payload = { ...plain.payload, x_later: { a: [1, 'two'] } };
      const newer: SyncRecord = { ...plain, x_later: true, payload, payload_hash: hashOf(payload) };
      const answer = await peer.sync({ ...sample.batch([newer]), x_later: 1 }, { note: 'with members x_later' });
      wantResults(answer, [newer], 'accepted');
      return null;
    },
  },
];

async function codedBody({ peer, stream }: CheckContext, coding: 'gzip' | 'zstd'): Promise<string | null> {
  const sample = stream();
  const [first, second] = [sample.record(1, 'NONE'), sample.record(2, 'NONE')];
  const offered = codingsIn((await peer.sync(sample.batch([first]))).headers['accept-encoding']);
  const answer = await peer.sync(sample.batch([second]), { coding });
  if (!offered.includes(coding)) {
    if (answer.status !== 200) throw new NotChecked('not offered in Accept-Encoding: gateways will not use it');
    return `takes ${coding} but does not offer it in Accept-Encoding: gateways will not use it`;
  }
  if (answer.status === 415) throw new Shortfall(`offers ${coding} in Accept-Encoding but answers 415 to it`);
  wantResults(answer, [second], 'accepted');
  return null;
}

function codingsIn(header: unknown): string[] {
  return String(header ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.split(';')[0]?.trim() ?? '');
}

/** Whether two answers hold the same results; the order of members inside one does not matter to a gateway. */
function sameResults(first: PeerAnswer, second: PeerAnswer): boolean {
  const [one, two] = [first, second].map((answer) => SyncResponse.safeParse(answer.body).data?.results);
  return one !== undefined && two !== undefined && canonicalize(one) === canonicalize(two);
}
