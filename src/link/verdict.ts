/**
 * From single probes to one word about the link. Pure.
 *
 * ONLINE: the heartbeat passes. OFFLINE: several heartbeats in a row failed, whatever the layer, and no receipt has come
 * meanwhile. DEGRADED: everything between: a heartbeat was missed, the heartbeat passes again but not often enough yet,
 * it passes and nothing gets delivered, or the PMS is there and turns this gateway's token down. One lost packet must not ring a bell, and one good ping must not silence it.
 */

import type { FaultCode } from './faults.ts';

/** From the cable upwards; a failed layer leaves those above it unknown. */
export type Layer = 'dns' | 'tcp' | 'tls' | 'heartbeat' | 'delivery';

export interface LayerVerdict {
  readonly layer: Layer;
  readonly verdict: 'ok' | 'fail' | 'unknown';
  /** Null when nothing was measured. */
  readonly latencyMs: number | null;
  /** What is wrong, from a closed list; null unless the verdict is `fail`. */
  readonly code: FaultCode | null;
  /** The same as a sentence for an operator, or why nothing is known; null when all is well. */
  readonly reason: string | null;
  /** What to do about it; null unless the verdict is `fail`. */
  readonly advice: string | null;
  /** UTC of the measurement; null before the first. */
  readonly atMs: number | null;
}

export type LinkWord = 'ONLINE' | 'DEGRADED' | 'OFFLINE';

export interface LinkState {
  readonly link: LinkWord;
  /** UTC since when `link` is what it is. */
  readonly sinceMs: number;
  readonly layers: Readonly<Record<Layer, LayerVerdict>>;
  /** UTC when the certificate the PMS showed last ends; null before the first, and without TLS. */
  readonly certificateUntilMs: number | null;
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
    code: null,
    reason: 'not tried yet',
    advice: null,
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
    certificateUntilMs: null,
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
    missed: ok || receiptSeen || isThere(layers.heartbeat) ? 0 : state.missed + 1,
  };
  return withWord(counted, wordOf(counted, first, limits), utcMs);
}

/** The state after a look at the delivery layer alone, between two rounds of probes. */
export function afterDelivery(state: LinkState, delivery: LayerVerdict, utcMs: number, limits: LinkLimits): LinkState {
  const next = { ...state, layers: { ...state.layers, delivery } };
  // Before the first round there is no word to change; without a heartbeat the delivery layer does not decide it.
  return state.passed === 0 ? next : withWord(next, wordOf(next, false, limits), utcMs);
}

function withWord(state: LinkState, link: LinkWord, utcMs: number): LinkState {
  return link === state.link ? state : { ...state, link, sinceMs: utcMs };
}

/** A PMS that turns the token down is there: the way is open, and a person has to mend something else. */
function isThere({ code }: LayerVerdict): boolean {
  return code === 'token_refused' || code === 'token_forbidden';
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
