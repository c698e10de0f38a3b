/** Faults of whole answers: what comes instead of one, or the way it comes. */

import type { Delivery } from './delivery.ts';
import type { FaultHooks, FaultSetting, FaultSpec } from './fault-hooks.ts';
import type { Reaction } from './http.ts';

/** An answer with a code for a body. */
export const answer = (status: number, error: string, headers: Record<string, string> = {}): Reaction => ({
  status,
  headers,
  body: { error },
});

const PORTAL: Reaction = {
  status: 200,
  body: '<!doctype html><title>Guest WLAN</title><p>Please accept the terms of use to go online.',
};

/** Answers the chosen requests with `reaction` before anything is read. */
const instead = (routes: 'all' | 'work', reaction: (argument: number | null) => Reaction) => {
  return ({ argument, happens }: FaultSetting): FaultHooks => ({
    onRequest: (route) => ((routes === 'all' || route === 'work') && happens() ? reaction(argument) : null),
  });
};

/** Delivers the answers to sync and look-up, which are right in themselves, in a bad way. */
const delivered = (delivery: (argument: number | null) => Delivery) => {
  return ({ argument, happens }: FaultSetting): FaultHooks => ({
    onDelivery: () => (happens() ? delivery(argument) : null),
  });
};

const retryAfter = (seconds: number | null): Record<string, string> =>
  seconds === null ? {} : { 'retry-after': String(seconds) };

/** A browser follows 302 with GET; 307 asks to send the same request, body and all, to somebody else. */
const redirect = (port: number | null): Reaction =>
  port === null
    ? answer(302, 'moved', { location: 'http://portal.invalid/' })
    : answer(307, 'moved', { location: `http://127.0.0.1:${port}/` });

export const ANSWER_FAULTS = {
  slow: {
    argument: 'milliseconds, 1000',
    does: 'waits before handling a request',
    hooks: ({ argument, happens }) => ({ delayMs: () => (happens() ? (argument ?? 1000) : 0) }),
  },
  hang: { argument: null, does: 'never answers', hooks: instead('all', () => 'hang') },
  hang_work: {
    argument: null,
    does: 'never answers sync and look-up; the ping passes',
    hooks: instead('work', () => 'hang'),
  },
  silence: {
    argument: null,
    does: 'neither answers nor reads on; connections stay open (half open)',
    hooks: instead('all', () => 'silence'),
  },
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
    hooks: instead('all', () => PORTAL),
  },
  captive_portal_work: {
    argument: null,
    does: 'answers 200 with an HTML page to sync and look-up; the ping passes',
    hooks: instead('work', () => PORTAL),
  },
  redirect: {
    argument: 'port of 127.0.0.1 for a 307 there, none',
    does: 'answers 302 to a page elsewhere to everything',
    hooks: instead('all', redirect),
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
  method_not_allowed: {
    argument: null,
    does: 'answers 405 to sync and look-up',
    hooks: instead('work', () => answer(405, 'method_not_allowed', { allow: 'GET' })),
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
  coding_refused: {
    argument: null,
    does: 'answers 415 to coded bodies although it offers the codings',
    hooks: ({ happens }) => ({
      onRequest: (_route, coded) => (coded && happens() ? answer(415, 'content_encoding') : null),
    }),
  },
  clock_ahead: {
    argument: 'seconds, 600',
    does: 'has a clock that is ahead, in Date, time_utc and verifications',
    hooks: ({ argument }) => ({ clockShiftMs: () => (argument ?? 600) * 1000 }),
  },
  clock_behind: {
    argument: 'seconds, 600',
    does: 'has a clock that is behind, in Date, time_utc and verifications',
    hooks: ({ argument }) => ({ clockShiftMs: () => (argument ?? 600) * -1000 }),
  },
  late_answer: {
    argument: 'milliseconds, 60000',
    does: 'stores a batch and answers late',
    hooks: delivered((delayMs) => ({ how: 'late', delayMs: delayMs ?? 60_000 })),
  },
  dripping: {
    argument: 'milliseconds a byte, 1000',
    does: 'stores a batch and answers one byte at a time',
    hooks: delivered((delayMs) => ({ how: 'dripping', delayMs: delayMs ?? 1000 })),
  },
  truncated: {
    argument: null,
    does: 'stores a batch and cuts the connection in the middle of the answer',
    hooks: delivered(() => ({ how: 'truncated' })),
  },
  oversized: {
    argument: 'MiB, 16',
    does: 'stores a batch and answers with so much white space before the JSON',
    hooks: delivered((mebibytes) => ({ how: 'oversized', bytes: (mebibytes ?? 16) * 1024 * 1024 })),
  },
  gzip_answer: {
    argument: null,
    does: 'stores a batch and codes the answer with gzip, which nobody asked for',
    hooks: delivered(() => ({ how: 'gzip' })),
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
