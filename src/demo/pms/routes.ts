/** The PMS's three paths and what each demands before the books are touched. */
import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { type Clock, toUtcText } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { LookupRequest, PMS_PATHS, SyncRequest, type SyncResult } from '../../record/wire.ts';
import type { Cosigner } from '../../tlog/cosignature.ts';
import { type BatchOutcome, takeBatch } from './batch.ts';
import { EVERYTHING, type Route } from './fault-hooks.ts';
import type { FaultSet } from './fault-set.ts';
import { type Answer, checkToken, parseJson, type Reaction, Refusal, readBody } from './http.ts';
import { lookUp } from './lookup.ts';
import { OPENAPI_PATH, pmsOpenApi } from './openapi/document.ts';
import type { PmsStore } from './store.ts';
import type { Shown, WitnessWord } from './witness.ts';

export interface Limits {
  /** Bytes of a body, on the wire and decoded. */
  readonly maxBodyBytes: number;
  /** Entries of a batch. */
  readonly maxEntries: number;
}

/** Everything a request is answered from. */
export interface Office {
  readonly store: PmsStore;
  readonly faults: FaultSet;
  readonly clock: Clock;
  readonly log: Log;
  readonly token: string | null;
  readonly verifierId: string;
  /** Its hand as a witness of gateways' trails. */
  readonly cosigner: Cosigner;
  readonly limits: Limits;
  /** It knows single records only (`minimal.ts`); null: it knows the whole contract. */
  readonly minimal: { readonly echo: boolean } | null;
}

export function routeOf(path: string): Route {
  if (path === PMS_PATHS.ping) return 'ping';
  return path === PMS_PATHS.sync || path === PMS_PATHS.lookup ? 'work' : 'other';
}

/** Answers a request to one of `PMS_PATHS`; throws a `Refusal` for what it does not take. */
export async function answerRequest(office: Office, request: IncomingMessage, path: string): Promise<Reaction> {
  if (path === OPENAPI_PATH) {
    // Whoever builds a PMS may read it before there is a token.
    checkMethod(request, ['GET', 'HEAD']);
    return { status: 200, body: pmsOpenApi() };
  }
  checkToken(request, office.token);
  switch (path) {
    case PMS_PATHS.ping:
      return pong(office, request);
    case PMS_PATHS.sync:
      checkMethod(request, ['POST']);
      return await sync(office, request);
    case PMS_PATHS.lookup:
      checkMethod(request, ['POST']);
      return await lookup(office, request);
    default:
      throw new Refusal(404, 'not_found', `the PMS answers ${[...Object.values(PMS_PATHS), OPENAPI_PATH].join(', ')}`);
  }
}

/** The answer to a heartbeat. */
export function pong({ clock }: Office, request: IncomingMessage): Answer {
  checkMethod(request, ['GET', 'HEAD']);
  return { status: 200, body: { status: 'ok', time_utc: toUtcText(clock.utcMs()) } };
}

async function lookup(office: Office, request: IncomingMessage): Promise<Answer> {
  checkJsonType(request);
  const bytes = await readBody(request, office.limits.maxBodyBytes, 'optional');
  const asked = checked(LookupRequest, parseJson(bytes));
  const results = lookUp(office.store, asked, office.verifierId, office.clock.utcMs());
  return { status: 200, body: { results: office.faults.onLookup(results) } };
}

async function sync(office: Office, request: IncomingMessage): Promise<Reaction> {
  checkJsonType(request);
  const batchKey = request.headers['x-idempotency-key'];
  if (typeof batchKey !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(batchKey)) {
    throw new Refusal(400, 'batch_key_missing', 'send X-Idempotency-Key, 1 to 200 visible ASCII characters');
  }
  const bytes = await readBody(request, office.limits.maxBodyBytes, 'required');
  const raw = parseJson(bytes);
  const { batch: plain, shown } = apart(raw);
  const batch = checked(SyncRequest, plain);
  if (batch.records.length > office.limits.maxEntries) {
    throw new Refusal(413, 'too_many', `send at most ${office.limits.maxEntries} entries`);
  }
  const fault = office.faults.onBatch(batch);
  if (fault !== null) return fault;
  loseBooks(office, batch);
  const { store, verifierId } = office;
  const nowMs = office.clock.utcMs();
  const nowUtc = toUtcText(nowMs);
  const witness = { book: store.cosigned, cosigner: office.cosigner, nowMs, nowUtc };
  const whimFor = (record: Parameters<FaultSet['onRecord']>[0]) => office.faults.onRecord(record);
  const outcome = takeBatch(
    { store, verifierId, nowUtc, witness, whimFor },
    { request: batch, payloads: payloadsOf(raw), batchKey, bodyHash: hash('sha256', bytes, 'hex'), shown },
  );
  logOutcome(office.log, batch, outcome);
  return office.faults.onAnswer() ?? outcomeAnswer(office, outcome);
}

/** What a restored backup does to the books, when a fault asks for it and there is something to lose. */
function loseBooks({ store, faults }: Office, { gateway_id: gatewayId, epoch, stream }: SyncRequest): void {
  store.atomically(() => {
    if (store.expectedSequence({ gatewayId, epoch, stream }) === 1) return;
    const entries = faults.onBooks();
    if (entries === null) return;
    store.forgetNewest(entries);
    if (entries === EVERYTHING) store.cosigned.forget();
  });
}

function outcomeAnswer(office: Office, outcome: BatchOutcome): Answer {
  switch (outcome.type) {
    case 'answered':
      return { status: 200, body: answerBody(office, outcome.results, outcome.witness) };
    case 'conflict':
      return {
        status: 409,
        body: {
          expected_sequence: outcome.expectedSequence,
          reason: outcome.reason,
          ...office.faults.onWitness(outcome.witness),
        },
      };
    case 'key_reused':
      return {
        status: 422,
        body: { error: 'batch_key_reused', detail: 'this X-Idempotency-Key came with other bytes' },
      };
  }
}

function answerBody({ faults }: Office, results: readonly SyncResult[], word: WitnessWord): object {
  return { results: faults.onResults(results), ...faults.onWitness(word) };
}

/** Names what was not taken by the gateway's own sequence and a code, nothing else. */
function logOutcome(log: Log, batch: SyncRequest, outcome: BatchOutcome): void {
  const where = { gateway: batch.gateway_id, epoch: batch.epoch, stream: batch.stream };
  const sequenceOf = (index: number) => ({ sequence: batch.records[index]?.sequence ?? 0 });
  if (outcome.type !== 'answered') {
    const reason = outcome.type === 'conflict' ? outcome.reason : outcome.type;
    log.warn('batch not taken', { ...where, ...sequenceOf(0), reason });
    return;
  }
  log.debug('batch taken', { ...where, ...sequenceOf(0), count: outcome.results.length });
  for (const [index, { status, reason }] of outcome.results.entries()) {
    if (status !== 'rejected' && status !== 'hash_mismatch') continue;
    log.warn('record not taken', { ...where, ...sequenceOf(index), reason: reason ?? status });
  }
}

/** A checkpoint is looked at by itself: whatever it is, it must not cost the records beside it their answer. */
function apart(raw: unknown): { batch: unknown; shown: Shown } {
  if (!isObject(raw)) return { batch: raw, shown: { checkpoint: null, witness: null } };
  const { checkpoint, witness, ...batch } = raw;
  return { batch, shown: { checkpoint, witness } };
}

/** The payloads as parsed: a schema's copy could lack a member (`__proto__`) that counts for the hash. */
function payloadsOf(raw: unknown): unknown[] {
  if (!isObject(raw) || !Array.isArray(raw.records)) return [];
  return raw.records.map((entry: unknown) => (isObject(entry) ? entry.payload : undefined));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Parses by a wire schema; a refusal names places (`records.3.lane_hash`), never contents. */
function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const places = new Set(parsed.error.issues.flatMap((issue) => placesOf(issue)));
  throw new Refusal(422, 'not_the_wire_format', `wrong or missing: ${[...places].slice(0, 10).join(', ')}`);
}

/** For an entry that is neither record nor gap marker, the places at which it fails to be a record. */
function placesOf(issue: z.core.$ZodIssue): string[] {
  const place = issue.path.join('.') || 'the body';
  if (issue.code !== 'invalid_union') return [place];
  const inner = issue.errors.at(-1) ?? [];
  return inner.length === 0 ? [place] : inner.map((each) => [...issue.path, ...each.path].join('.'));
}

/** @throws Refusal 405 for any other method. */
export function checkMethod(request: IncomingMessage, allowed: readonly string[]): void {
  if (allowed.includes(request.method ?? '')) return;
  throw new Refusal(405, 'method_not_allowed', `use ${allowed.join(' or ')}`, { allow: allowed.join(', ') });
}

function checkJsonType(request: IncomingMessage): void {
  if (/^application\/json *(;|$)/i.test(request.headers['content-type'] ?? '')) return;
  throw new Refusal(415, 'content_type', 'send Content-Type: application/json');
}
