/**
 * A PMS that knows no batches: one record per request, its key in `X-Idempotency-Key`, answered by a bare 200 or, with
 * `echo`, by key and hash. The far end for `sync.profile: single`. It keeps records in the same books as the whole one, in
 * the order they come, as of a gateway `single`.
 */
import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { toUtcText } from '../../base/clock.ts';
import { SCHEDULES, streamOf } from '../../record/types.ts';
import { PMS_PATHS, type SyncRecord } from '../../record/wire.ts';
import { checkToken, parseJson, type Reaction, Refusal, readBody } from './http.ts';
import { canonicalForm } from './judge.ts';
import { checkMethod, type Office, pong } from './routes.ts';
import type { Standing } from './rows.ts';

const GATEWAY = 'single';
const EPOCH = '00000000';
const UNVERIFIED: Standing = {
  status: 'accepted',
  lookupsLeft: null,
  decision: null,
  verifierId: null,
  verifiedAtUtc: null,
};

/** Answers heartbeat and single records; throws a `Refusal` for what it does not take. */
export async function answerMinimal(office: Office, request: IncomingMessage, path: string): Promise<Reaction> {
  checkToken(request, office.token);
  if (path === PMS_PATHS.ping) return pong(office, request);
  if (path !== PMS_PATHS.sync) throw new Refusal(404, 'not_found', `this PMS knows ${PMS_PATHS.sync} only`);
  checkMethod(request, ['POST']);
  const bytes = await readBody(request, office.limits.maxBodyBytes, 'optional');
  const { key, payloadHash, fresh } = take(office, request.headers['x-idempotency-key'], parseJson(bytes));
  office.log.debug('record taken', { sequence: fresh ?? 0, reason: fresh === null ? 'duplicate' : 'accepted' });
  const named = { idempotency_key: key, payload_hash: payloadHash, status: fresh === null ? 'duplicate' : 'accepted' };
  return office.faults.onAnswer() ?? { status: 200, body: office.minimal?.echo === true ? named : null };
}

interface Taken {
  readonly key: string;
  readonly payloadHash: string;
  /** The number of a new record; null for one that was there. */
  readonly fresh: number | null;
}

/** Keeps the record unless its key is there already; durable on return. */
function take({ store, clock }: Office, key: unknown, payload: unknown): Taken {
  if (typeof payload !== 'object' || payload === null || !('idempotency_key' in payload)) {
    throw new Refusal(400, 'not_a_record', 'send one record as the body');
  }
  if (typeof key !== 'string' || key !== payload.idempotency_key) {
    throw new Refusal(400, 'key_differs', 'send the idempotency_key of the record in X-Idempotency-Key');
  }
  const canonical = canonicalForm(payload);
  if (canonical === null) throw new Refusal(400, 'not_a_record', 'send a record that has an RFC 8785 form');
  const payloadHash = hash('sha256', canonical, 'hex');
  const nowUtc = toUtcText(clock.utcMs());
  return store.atomically(() => {
    const held = store.findRecord(GATEWAY, key);
    if (held !== undefined && held.payload_hash !== payloadHash) {
      throw new Refusal(409, 'key_conflict', 'another record has this key');
    }
    if (held !== undefined) {
      store.countDelivery(held.id, nowUtc);
      return { key, payloadHash, fresh: null };
    }
    const record = recordOf(payload, key, payloadHash, nowUtc);
    const name = { gatewayId: GATEWAY, epoch: EPOCH, stream: streamOf(scheduleOf(record.schedule)) };
    const number = store.expectedSequence(name);
    const placed = { ...record, stream_sequence: number, sequence: number };
    const id = store.insertRecord(name, placed, canonical, UNVERIFIED, nowUtc);
    store.insertPlace(name, placed, { status: 'stored', reason: null, record_id: id }, nowUtc);
    return { key, payloadHash, fresh: number };
  });
}

/** What a batch would have said about the record; this PMS is told nothing of it. */
function recordOf(payload: object, key: string, payloadHash: string, nowUtc: string): SyncRecord {
  const schedule = 'schedule' in payload ? String(payload.schedule) : 'NONE';
  return {
    stream_sequence: 0,
    sequence: 0,
    sequence_id: key,
    idempotency_key: key,
    lane: 'unknown',
    lane_hash: payloadHash,
    payload_hash: payloadHash,
    schedule,
    received_at_utc: nowUtc,
    flags: [],
    payload: { ...payload },
  };
}

function scheduleOf(text: string) {
  return SCHEDULES.find((schedule) => schedule === text) ?? 'NONE';
}
