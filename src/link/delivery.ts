/**
 * The delivery layer: do records get through, not only pings. Pure. It needs two facts of each stream: since when
 * something waits without any checked receipt, and what came last instead of one.
 *
 * The wait counts from when the heartbeat passes: after an outage records have a fair chance before anybody is blamed.
 * A stream that moves never fails here, however slow its line: every receipt starts the wait anew, and batches shrink
 * until one takes a few seconds. A request that hangs is seen before its own time-out of 30 s, because what counts is the
 * wait and not the request's end. A stream that was stopped (token, address) fails at once.
 */
import { FAULTS, type FaultCode, LinkFault } from './faults.ts';
import type { LayerVerdict } from './verdict.ts';

/** What sync can tell about one stream; monotonic times, null when it never happened. */
export interface StreamDelivery {
  readonly stream: string;
  /** Since when something waits without any receipt; null when nothing waits. */
  readonly waitingSinceMs: number | null;
  readonly lastAttemptAtMs: number | null;
  readonly lastReceiptAtMs: number | null;
  /** Short code of what came in place of a receipt; null after a receipt. */
  readonly lastFault: string | null;
  /** Only single trials go out until somebody has mended something. */
  readonly stopped: boolean;
}

interface Now {
  readonly monotonicMs: number;
  readonly utcMs: number;
}

const NAMES: Readonly<Record<string, string>> = { schedule_two: 'Schedule II', standard: 'standard records' };

/** Codes of sync that mean something of their own here; all others are `delivery_failed`. */
const FAULT_OF: Readonly<Record<string, FaultCode>> = {
  timed_out: 'records_unanswered',
  not_json: 'answers_prove_nothing',
  not_an_answer: 'answers_prove_nothing',
  no_receipt: 'answers_prove_nothing',
  answer_too_large: 'answers_prove_nothing',
  unauthorised: 'token_refused',
  no_service: 'no_service',
  redirected: 'redirected',
  refused: 'records_refused',
  too_large: 'records_refused',
  http_409: 'places_differ',
  http_429: 'pms_busy',
  http_503: 'pms_busy',
};

/**
 * The layer's verdict. `limitMs`: a wait without receipt that is longer fails. `passingSinceMs`: monotonic, since when
 * heartbeats pass; null while they do not.
 */
export function deliveryVerdict(
  streams: readonly StreamDelivery[],
  now: Now,
  limitMs: number,
  passingSinceMs: number | null,
): LayerVerdict {
  const base = { layer: 'delivery', latencyMs: latencyOf(streams), atMs: now.utcMs } as const;
  const stuck = streams.filter((stream) => isStuck(stream, now.monotonicMs - limitMs, passingSinceMs ?? 0));
  const [worst] = stuck.toSorted((a, b) => (a.waitingSinceMs ?? 0) - (b.waitingSinceMs ?? 0));
  if (worst === undefined) {
    const moves = streams.some((stream) => stream.lastReceiptAtMs !== null);
    const reason = streams.some((stream) => stream.waitingSinceMs !== null)
      ? 'the first records are on their way'
      : 'nothing was sent yet';
    return { ...base, verdict: moves ? 'ok' : 'unknown', code: null, reason: moves ? null : reason, advice: null };
  }
  const code = passingSinceMs === null ? 'below_failed' : codeOf(worst.lastFault);
  const waitedMs = now.monotonicMs - (worst.waitingSinceMs ?? now.monotonicMs);
  const who = stuck.map(({ stream }) => NAMES[stream] ?? stream).join(', ');
  const fault = worst.lastFault === null ? '' : `, latest fault ${worst.lastFault}`;
  const { message } = new LinkFault(code, `${who}: no receipt for ${Math.floor(waitedMs / 1000)} s${fault}`);
  return { ...base, verdict: 'fail', code, reason: message, advice: FAULTS[code].advice };
}

function isStuck({ stopped, waitingSinceMs }: StreamDelivery, beforeMs: number, passingSinceMs: number): boolean {
  return waitingSinceMs !== null && (stopped || Math.max(waitingSinceMs, passingSinceMs) <= beforeMs);
}

function codeOf(fault: string | null): FaultCode {
  if (fault === null) return 'no_receipt';
  const known = FAULT_OF[fault];
  if (known !== undefined) return known;
  if (/^http_3\d\d$/.test(fault)) return 'redirected';
  return /^http_5\d\d$/.test(fault) ? 'pms_error' : 'delivery_failed';
}

/** From the latest attempt to its receipt; null while the receipt of the latest attempt is not there. */
function latencyOf(streams: readonly StreamDelivery[]): number | null {
  const latest = streams
    .filter(
      ({ lastAttemptAtMs, lastReceiptAtMs }) =>
        (lastReceiptAtMs ?? -1) >= (lastAttemptAtMs ?? Number.POSITIVE_INFINITY),
    )
    .toSorted((a, b) => (b.lastReceiptAtMs ?? 0) - (a.lastReceiptAtMs ?? 0))[0];
  return latest === undefined ? null : (latest.lastReceiptAtMs ?? 0) - (latest.lastAttemptAtMs ?? 0);
}
