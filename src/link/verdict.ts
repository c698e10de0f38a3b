/**
 * From single probes to one word about the link. Pure.
 *
 * ONLINE: the heartbeat passes. OFFLINE: several heartbeats in a row failed, whatever the layer, and no receipt has come
 * meanwhile. DEGRADED: everything between: a heartbeat was missed, the heartbeat passes again but not often enough yet,
 * or it passes and nothing gets delivered. One lost packet must not ring a bell, and one good ping must not silence it.
 */

/** From the cable upwards; a failed layer leaves those above it unknown. */
export type Layer = 'dns' | 'tcp' | 'tls' | 'heartbeat' | 'delivery';

export interface LayerVerdict {
  readonly layer: Layer;
  readonly verdict: 'ok' | 'fail' | 'unknown';
  /** Null when nothing was measured. */
  readonly latencyMs: number | null;
  /** Short text for an operator; null when all is well. */
  readonly reason: string | null;
  /** UTC of the measurement; null before the first. */
  readonly atMs: number | null;
}

export type LinkWord = 'ONLINE' | 'DEGRADED' | 'OFFLINE';

export interface LinkState {
  readonly link: LinkWord;
  /** UTC since when `link` is what it is. */
  readonly sinceMs: number;
  readonly layers: Readonly<Record<Layer, LayerVerdict>>;
  /** Heartbeats in a row that failed, or that passed; one of them is 0. */
  readonly missed: number;
  readonly passed: number;
}

export interface LinkLimits {
  /** Failed heartbeats in a row until OFFLINE. */
  readonly offlineAfter: number;
  /** Passed heartbeats in a row until ONLINE, after a missed one. */
  readonly onlineAfter: number;
}

export const LINK_LIMITS: LinkLimits = { offlineAfter: 3, onlineAfter: 2 };

/** Nothing is known yet. DEGRADED, so that a restart alone raises no alarm; the first probe decides without delay. */
export function unprobed(utcMs: number): LinkState {
  const blank = (layer: Layer): LayerVerdict => ({
    layer,
    verdict: 'unknown',
    latencyMs: null,
    reason: 'not tried yet',
    atMs: null,
  });
  return {
    link: 'DEGRADED',
    sinceMs: utcMs,
    layers: {
      dns: blank('dns'),
      tcp: blank('tcp'),
      tls: blank('tls'),
      heartbeat: blank('heartbeat'),
      delivery: blank('delivery'),
    },
    missed: 0,
    passed: 0,
  };
}

/**
 * The state after one round of probes. `verdicts` holds each layer at most once; layers it leaves out keep what they
 * had. `receiptSeen`: a checked receipt came since the round before, so the PMS is there, whatever ping says.
 */
export function afterProbe(
  state: LinkState,
  verdicts: readonly LayerVerdict[],
  receiptSeen: boolean,
  utcMs: number,
  limits: LinkLimits,
): LinkState {
  const layers = { ...state.layers };
  for (const verdict of verdicts) layers[verdict.layer] = verdict;
  const ok = layers.heartbeat.verdict === 'ok';
  const first = state.missed === 0 && state.passed === 0;
  const counted: LinkState = {
    ...state,
    layers,
    passed: ok ? state.passed + 1 : 0,
    missed: ok || receiptSeen ? 0 : state.missed + 1,
  };
  const link = wordOf(counted, first, limits);
  return link === state.link ? counted : { ...counted, link, sinceMs: utcMs };
}

function wordOf(state: LinkState, first: boolean, limits: LinkLimits): LinkWord {
  const { layers, missed, passed } = state;
  if (passed === 0) {
    if (missed >= limits.offlineAfter || (first && missed > 0)) return 'OFFLINE';
    return state.link === 'OFFLINE' && missed > 0 ? 'OFFLINE' : 'DEGRADED';
  }
  if (layers.delivery.verdict === 'fail') return 'DEGRADED';
  const known = first || state.link === 'ONLINE' || passed >= limits.onlineAfter;
  return known ? 'ONLINE' : 'DEGRADED';
}

/** What sync can tell about delivery; monotonic times. */
export interface DeliveryFacts {
  readonly lastReceiptAtMs: number | null;
  /** Since when something waits without any receipt; null when nothing waits. */
  readonly waitingSinceMs: number | null;
}

/** The delivery layer: how old the last checked receipt is while something waits. `limitMs`: from then on it fails. */
export function deliveryVerdict(
  facts: DeliveryFacts,
  now: { readonly monotonicMs: number; readonly utcMs: number },
  limitMs: number,
): LayerVerdict {
  const base = { layer: 'delivery', latencyMs: null, atMs: now.utcMs } as const;
  const { lastReceiptAtMs, waitingSinceMs } = facts;
  if (waitingSinceMs === null) {
    if (lastReceiptAtMs !== null) return { ...base, verdict: 'ok', reason: null };
    return { ...base, verdict: 'unknown', reason: 'nothing was sent yet' };
  }
  const ageMs = now.monotonicMs - Math.max(waitingSinceMs, lastReceiptAtMs ?? waitingSinceMs);
  if (ageMs < limitMs) return { ...base, verdict: lastReceiptAtMs === null ? 'unknown' : 'ok', reason: null };
  return { ...base, verdict: 'fail', reason: `records wait and no receipt came for ${Math.floor(ageMs / 1000)} s` };
}
