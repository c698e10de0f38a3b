/** What an HTTP reply to a batch or look-up means, before anybody looks at single results. Pure. */
import { ConflictResponse } from '../record/wire.ts';
import { retryAfterMs } from './backoff.ts';

/** What came back over the wire. `json` is undefined when the body is not JSON by its type or its bytes. */
export type Reply =
  | {
      readonly kind: 'reply';
      readonly status: number;
      readonly retryAfter: string | null;
      /** `Accept-Encoding` of the PMS: the content codings it takes (RFC 9110 section 12.5.3). */
      readonly accepts: string | null;
      /** Origin that a redirect names; null when there is none that can be read. Never followed, only told. */
      readonly location: string | null;
      /** The body is a page for people: what a portal or a proxy shows. */
      readonly page: boolean;
      readonly json: unknown;
    }
  | { readonly kind: 'fault'; readonly fault: Fault };

/** No usable reply: whether the PMS has the batch is unknown, and only its word will tell. */
type Fault = 'not_connected' | 'timed_out' | 'broken_off' | 'answer_too_large' | 'withdrawn' | 'stopped';

export type Outcome =
  | { readonly kind: 'answered'; readonly json: unknown }
  | { readonly kind: 'resume'; readonly expected: number }
  | { readonly kind: 'unauthorised' }
  | { readonly kind: 'no_service' }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'coding_refused' }
  /** The batch itself was not understood. */
  | { readonly kind: 'refused' }
  /** Try later; `askedMs` is the wait the PMS asked for, bounded. */
  | { readonly kind: 'failed'; readonly fault: string; readonly askedMs: number | null };

/** `retryAfterCapMs` bounds the wait a PMS can ask for; `utcMs` is now. */
export function outcomeOf(reply: Reply, utcMs: number, retryAfterCapMs: number): Outcome {
  if (reply.kind === 'fault') return failure(reply.fault);
  switch (reply.status) {
    case 200:
      // The page of a captive portal is a 200 too, but never JSON with results.
      return reply.json === undefined ? failure('not_json') : { kind: 'answered', json: reply.json };
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      return failure('redirected');
    case 401:
    case 403:
      return { kind: 'unauthorised' };
    case 404:
    case 405:
      return { kind: 'no_service' };
    case 409:
      return conflictOf(reply.json);
    case 413:
      return { kind: 'too_large' };
    case 415:
      return { kind: 'coding_refused' };
    case 400:
    case 422:
      return { kind: 'refused' };
    default: {
      const asked = retryAfterMs(reply.retryAfter, utcMs, retryAfterCapMs);
      return { kind: 'failed', fault: `http_${reply.status}`, askedMs: asked };
    }
  }
}

function failure(fault: string): Outcome {
  return { kind: 'failed', fault, askedMs: null };
}

/** Statuses by which a PMS, or a proxy before it, speaks of itself and not of what was sent. */
const OF_THE_PMS = new Set(['http_407', 'http_429', 'http_511']);
const OF_A_RECORD = new Set(['timed_out', 'broken_off', 'answer_too_large', 'not_json', 'not_an_answer']);

/**
 * Whether one record among those sent may be why the attempt failed: the PMS was reached, asked for no wait, and failed
 * over what it read. It is a suspicion, no more: a PMS that is down looks the same.
 */
export function mayBeTheRecord(outcome: Outcome): boolean {
  if (outcome.kind !== 'failed' || outcome.askedMs !== null || OF_THE_PMS.has(outcome.fault)) return false;
  return OF_A_RECORD.has(outcome.fault) || /^http_[45]\d\d$/.test(outcome.fault);
}

function conflictOf(json: unknown): Outcome {
  const conflict = ConflictResponse.safeParse(json);
  return conflict.success ? { kind: 'resume', expected: conflict.data.expected_sequence } : failure('http_409');
}
