/**
 * What the reference PMS can do wrong, one line of the table each. A fault is a function from its setting to hooks;
 * to add one, add a line. Written `NAME[=ARG][@PROBABILITY]`, e.g. `slow=2000`, `error_500@0.1`.
 */
import type { SyncResult } from '../../record/wire.ts';
import { otherHash } from './batch.ts';
import type { FaultHooks, FaultSetting, FaultSpec } from './fault-hooks.ts';
import type { Reaction } from './http.ts';

const answer = (status: number, error: string, headers: Record<string, string> = {}): Reaction => ({
  status,
  headers,
  body: { error },
});

const PORTAL = '<!doctype html><title>Guest WLAN</title><p>Please accept the terms of use to go online.';

/** Answers the chosen requests with `reaction` before anything is read. */
const instead = (routes: 'all' | 'work', reaction: (argument: number | null) => Reaction) => {
  return ({ argument, happens }: FaultSetting): FaultHooks => ({
    onRequest: (route) => ((routes === 'all' || route === 'work') && happens() ? reaction(argument) : null),
  });
};

/** Changes or leaves out single results after they were stored. */
const eachResult = (change: (result: SyncResult) => SyncResult[]) => {
  return ({ happens }: FaultSetting): FaultHooks => ({
    onResults: (results) => results.flatMap((result) => (happens() ? change(result) : [result])),
  });
};

const retryAfter = (seconds: number | null): Record<string, string> =>
  seconds === null ? {} : { 'retry-after': String(seconds) };

const isNth = (record: { stream_sequence: number }, nth: number | null) => record.stream_sequence % (nth ?? 2) === 0;

const later =
  (decision: 'verified' | 'declined') =>
  (setting: FaultSetting): FaultHooks => ({
    onRecord: (record) =>
      record.schedule === 'II' && setting.happens()
        ? { whim: 'verify_later', lookups: setting.argument ?? 1, decision }
        : null,
  });

function mismatchOnce({ argument, happens }: FaultSetting): FaultHooks {
  const met = new Set<string>();
  return {
    onRecord(record) {
      const chosen = argument === null ? met.size === 0 : isNth(record, argument) && !met.has(record.sequence_id);
      if (!chosen || !happens()) return null;
      met.add(record.sequence_id);
      return { whim: 'hash_mismatch' };
    },
  };
}

const TABLE = {
  slow: {
    argument: 'milliseconds, 1000',
    does: 'waits before handling a request',
    hooks: ({ argument, happens }) => ({ delayMs: () => (happens() ? (argument ?? 1000) : 0) }),
  },
  hang: { argument: null, does: 'never answers', hooks: instead('all', () => 'hang') },
  reset: {
    argument: null,
    does: 'cuts every connection unanswered, stores nothing',
    hooks: instead('all', () => 'drop'),
  },
  down: {
    argument: 'Retry-After in seconds, none',
    does: 'answers 503 to everything',
    hooks: instead('all', (seconds) => answer(503, 'down', retryAfter(seconds))),
  },
  captive_portal: {
    argument: null,
    does: 'answers 200 with an HTML page to everything',
    hooks: instead('all', () => ({ status: 200, body: PORTAL })),
  },
  redirect: {
    argument: null,
    does: 'answers 302 to a page elsewhere to everything',
    hooks: instead('all', () => answer(302, 'moved', { location: 'http://portal.invalid/' })),
  },
  unauthorized: {
    argument: null,
    does: 'answers 401 whatever the token',
    hooks: instead('all', () => answer(401, 'unauthorized', { 'www-authenticate': 'Bearer error="invalid_token"' })),
  },
  forbidden: {
    argument: null,
    does: 'answers 403 to sync and look-up',
    hooks: instead('work', () => answer(403, 'forbidden')),
  },
  not_found: {
    argument: null,
    does: 'answers 404 to sync and look-up',
    hooks: instead('work', () => answer(404, 'not_found')),
  },
  error_500: {
    argument: null,
    does: 'answers 500 to sync and look-up',
    hooks: instead('work', () => answer(500, 'internal')),
  },
  throttle_429: {
    argument: 'Retry-After in seconds, 1',
    does: 'answers 429 to sync and look-up',
    hooks: instead('work', (seconds) => answer(429, 'throttled', retryAfter(seconds ?? 1))),
  },
  too_large: {
    argument: 'entries taken, 1',
    does: 'answers 413 to a batch with more entries',
    hooks: ({ argument, happens }) => ({
      onBatch: (batch) => (batch.records.length > (argument ?? 1) && happens() ? answer(413, 'too_large') : null),
    }),
  },
  unprocessable_every_nth: {
    argument: 'n, 2',
    does: 'answers 422 to a batch holding an nth record; gap markers pass',
    hooks: ({ argument, happens }) => ({
      onBatch: (batch) => {
        const poisoned = batch.records.some((entry) => !('gap' in entry) && isNth(entry, argument));
        return poisoned && happens() ? answer(422, 'unprocessable') : null;
      },
    }),
  },
  reject_every_nth: {
    argument: 'n, 2',
    does: 'rejects every nth record of a stream',
    hooks: ({ argument, happens }) => ({
      onRecord: (record) => (isNth(record, argument) && happens() ? { whim: 'rejected' } : null),
    }),
  },
  hash_mismatch: {
    argument: 'n, 1',
    does: 'finds every nth record of a stream damaged, however often it comes',
    hooks: ({ argument, happens }) => ({
      onRecord: (record) => (isNth(record, argument ?? 1) && happens() ? { whim: 'hash_mismatch' } : null),
    }),
  },
  hash_mismatch_once: {
    argument: 'n, only the first record met',
    does: 'finds every nth record of a stream damaged the first time it comes',
    hooks: mismatchOnce,
  },
  pending_verification: {
    argument: 'look-ups until verified, 1',
    does: 'verifies Schedule II records later',
    hooks: later('verified'),
  },
  pending_declined: {
    argument: 'look-ups until declined, 1',
    does: 'declines Schedule II records later',
    hooks: later('declined'),
  },
  no_verification: {
    argument: null,
    does: 'accepts Schedule II records without saying that they were verified',
    hooks: eachResult(({ verification: _verification, ...result }) => [result]),
  },
  missing_results: { argument: null, does: 'stores, but leaves results out', hooks: eachResult(() => []) },
  wrong_echo: {
    argument: null,
    does: 'stores, but echoes another hash',
    hooks: eachResult((result) => [{ ...result, payload_hash: otherHash(result.payload_hash) }]),
  },
  drop_answer: {
    argument: null,
    does: 'stores a batch and cuts the connection instead of answering',
    hooks: ({ happens }) => ({ onAnswer: () => (happens() ? 'drop' : null) }),
  },
  bare_200: {
    argument: null,
    does: 'stores a batch and answers 200 without results',
    hooks: ({ happens }) => ({ onAnswer: () => (happens() ? { status: 200, body: {} } : null) }),
  },
} as const satisfies Record<string, FaultSpec>;

export type FaultName = keyof typeof TABLE;

/** The table to read; the order is that of a request's life. */
export const FAULTS: Readonly<Record<FaultName, FaultSpec>> = TABLE;

export const FAULT_NAMES = Object.keys(TABLE).filter(isFaultName);

export function isFaultName(text: string): text is FaultName {
  return Object.hasOwn(TABLE, text);
}
