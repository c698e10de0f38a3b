/** Rules about the request around the records: token, digest, coding, key of the batch. */
import { randomUUID } from 'node:crypto';
import canonicalize from 'canonicalize';
import { contentDigestOf, PingResponse, SyncResponse } from '../../../record/wire.ts';
import { Shortfall, wantLookup, wantResults, wantStatus } from './expect.ts';
import type { PeerAnswer } from './peer.ts';
import { type CheckContext, type Rule, remarkingRule, rule } from './rule.ts';

export const TRANSPORT_RULES: readonly Rule[] = [
  rule('ping', 'answers JSON with status ok', async ({ peer }) => {
    const answer = await peer.ping();
    wantStatus(answer, 200);
    if (!PingResponse.safeParse(answer.body).success) throw new Shortfall('not JSON with status "ok" and time_utc');
  }),
  {
    ...rule('auth', 'refuses requests without the right token', async ({ peer, gatewayId, stream }) => {
      const sample = stream();
      const batch = sample.batch([sample.record(1, 'NONE')]);
      for (const token of [null, randomUUID()]) {
        wantStatus(await peer.sync(batch, { token }), 401, 403);
        wantStatus(await peer.lookup(gatewayId, [randomUUID()], { token }), 401, 403);
      }
    }),
    needsToken: true,
  },
  rule('batch_key', 'gives the same batch the same answer', async ({ peer, stream }) => {
    const sample = stream();
    const batch = sample.batch([sample.record(1, 'NONE')]);
    const batchKey = randomUUID();
    const first = await peer.sync(batch, { batchKey });
    wantStatus(first, 200);
    const second = await peer.sync(batch, { batchKey });
    wantStatus(second, 200);
    if (!sameResults(first, second)) throw new Shortfall('the repeated batch got other results');
  }),
  rule('batch_key_reuse', 'refuses a batch key with other bytes', async ({ peer, stream }) => {
    const sample = stream();
    const batchKey = randomUUID();
    wantStatus(await peer.sync(sample.batch([sample.record(1, 'NONE')]), { batchKey }), 200);
    wantStatus(await peer.sync(sample.batch([sample.record(2, 'NONE')]), { batchKey }), 400, 422);
  }),
  rule('digest', 'checks Content-Digest', async ({ peer, stream, gatewayId }) => {
    const sample = stream();
    const record = sample.record(1, 'NONE');
    const digest = contentDigestOf(Buffer.from('other bytes'));
    wantStatus(await peer.sync(sample.batch([record]), { digest }), 400, 422);
    const { status } = wantLookup(await peer.lookup(gatewayId, [record.idempotency_key]), record.idempotency_key);
    if (status !== 'unknown') throw new Shortfall('kept a record of a body that is not its digest’s');
  }),
  remarkingRule('gzip', 'takes a body coded with gzip', (context) => codedBody(context, 'gzip')),
  remarkingRule('zstd', 'takes a body coded with zstd', (context) => codedBody(context, 'zstd')),
];

/** A coding may be declined with 415: gateways then send plain. */
async function codedBody({ peer, stream }: CheckContext, coding: 'gzip' | 'zstd'): Promise<string | null> {
  const sample = stream();
  const record = sample.record(1, 'NONE');
  const answer = await peer.sync(sample.batch([record]), { coding });
  if (answer.status === 415) return `${coding} is declined; gateways will send plain`;
  wantResults(answer, [record], 'accepted');
  return null;
}

/** Whether two answers hold the same results; the order of members inside one does not matter to a gateway. */
function sameResults(first: PeerAnswer, second: PeerAnswer): boolean {
  const [one, two] = [first, second].map((answer) => SyncResponse.safeParse(answer.body).data?.results);
  return one !== undefined && two !== undefined && canonicalize(one) === canonicalize(two);
}
