/** Look-ups: what the PMS holds under a key, and the clockwork of verifications that take their time. */
import { toUtcText } from '../../base/clock.ts';
import type { LookupRequest, LookupResult } from '../../record/wire.ts';
import { lookupResult, refusedLookup } from './answers.ts';
import type { Decision, HeldRecord } from './rows.ts';
import type { PmsStore } from './store.ts';

/**
 * Answers each key in the order asked; a key held for several gateways has one result each. Durable on return,
 * since a look-up can end a planned verification.
 */
export function lookUp(store: PmsStore, request: LookupRequest, verifierId: string, utcMs: number): LookupResult[] {
  const nowUtc = toUtcText(utcMs);
  const ofGateway = (row: { gateway_id: string }) =>
    request.gateway_id === undefined || row.gateway_id === request.gateway_id;
  return store.atomically(() =>
    request.keys.flatMap((key): LookupResult[] => {
      const held = store.recordsByKey(key).filter(ofGateway);
      if (held.length > 0) return held.map((record) => lookupResult(afterLookup(store, record, verifierId, nowUtc)));
      const refusal = store.refusalsByKey(key).filter(ofGateway).at(-1);
      return [refusal === undefined ? { idempotency_key: key, status: 'unknown' } : refusedLookup(key, refusal)];
    }),
  );
}

/** Counts a look-up of a waiting record down; at zero the planned decision is taken. */
function afterLookup(store: PmsStore, held: HeldRecord, verifierId: string, nowUtc: string): HeldRecord {
  if (held.status !== 'pending_verification' || held.lookups_left === null || held.decision === null) return held;
  if (held.lookups_left > 0) {
    store.setLookupsLeft(held.id, held.lookups_left - 1);
    return held;
  }
  store.decide(held.id, held.decision, verifierId, nowUtc);
  return store.recordById(held.id) ?? held;
}

/** Ends the verification of a waiting record by hand. False when that key is not waiting. */
export function decideByHand(
  store: PmsStore,
  which: { readonly gatewayId: string; readonly key: string },
  decision: Decision,
  verifierId: string,
  utcMs: number,
): boolean {
  return store.atomically(() => {
    const held = store.findRecord(which.gatewayId, which.key);
    if (held?.status !== 'pending_verification') return false;
    store.decide(held.id, decision, verifierId, toUtcText(utcMs));
    return true;
  });
}
