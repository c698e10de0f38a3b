/**
 * Every way in which a PMS, its proxy or the line may answer a gateway, by name. A trick is told of one request and gives
 * the reaction to it, or null to let the honest answer leave. Whether the honest books took the batch is the trick's choice:
 * `honest()` takes it.
 */
import type { HonestAnswer, Ledger } from './ledger.ts';
import type { Reaction } from './reaction.ts';
import type { Request, SentBatch, SentEntry } from './request.ts';

export interface Turn {
  readonly request: Request;
  readonly ledger: Ledger;
  /** Takes the request by the rules and gives the honest answer. */
  honest(): HonestAnswer;
  /** Base address of a host that is not the PMS. */
  readonly elsewhere: string;
  /** Whether the PMS has something against this record. */
  poisonous(key: string): boolean;
}

export interface Trick {
  readonly react: (turn: Turn) => Reaction | null;
  /** `posts`: batches and look-ups; `all`: the heartbeat too. Default: batches only. */
  readonly on?: 'posts' | 'all';
  /** How the trail tells of it: the HTTP status or the fault of an answer; absent where nothing need be told. */
  readonly told?: { readonly status?: number; readonly fault?: string };
  /** Records may be given up because of it. */
  readonly costs?: true;
  /** Plays fully only with a batch of several records. */
  readonly several?: true;
}

type Result = Record<string, unknown>;

const answer = (status: number, body?: unknown, headers: Readonly<Record<string, string>> = {}): Reaction => ({
  how: 'answer',
  status,
  body,
  headers,
});

const always = (status: number, headers?: Readonly<Record<string, string>>) => (): Reaction =>
  answer(status, { error: 'not now' }, headers);

/** The honest answer with its results changed; a honest 409 stays one. */
const results = (change: (results: Result[], batch: SentBatch) => readonly unknown[]) => (turn: Turn) => {
  const { status, body } = turn.honest();
  const { batch } = turn.request;
  if (status !== 200 || batch === null) return answer(status, body);
  return answer(status, { results: change((body as { results: Result[] }).results, batch) });
};

const each = (change: (result: Result) => unknown) => results((list) => list.map((result) => change(result)));

/** Results the PMS makes up without having taken anything. */
const invented = (one: (entry: SentEntry) => Result) => (turn: Turn) =>
  answer(200, { results: turn.request.batch?.records.map((entry) => one(entry)) ?? [] });

const spoiled =
  (how: 'truncated' | 'gzipped' | 'miscoded' | 'mistyped') =>
  (turn: Turn): Reaction => {
    const { status, body } = turn.honest();
    return status === 200 ? { how, body } : answer(status, body);
  };

const conflict = (expected: (turn: Turn, batch: SentBatch) => unknown) => (turn: Turn) => {
  const { batch } = turn.request;
  return batch === null ? null : answer(409, { expected_sequence: expected(turn, batch) });
};

/** Whatever holds a poisonous record meets this reaction; everything else passes. */
const poisoned = (reaction: Reaction) => (turn: Turn) => {
  const records = turn.request.batch?.records ?? [];
  const bad = records.some(({ idempotency_key }) => idempotency_key !== undefined && turn.poisonous(idempotency_key));
  return bad ? reaction : null;
};

const PORTAL = '<!doctype html><title>Welcome</title><p>Please accept our terms.</p>';
const OTHER_HASH = 'f'.repeat(64);
const OTHER_KEY = 'some-other-key';
const SMALL_BODY_BYTES = 2500;
const yes = ({ stream_sequence, idempotency_key, payload_hash, gap }: SentEntry): Result =>
  gap === undefined
    ? { stream_sequence, idempotency_key, payload_hash, status: 'accepted', verification: verificationOf(payload_hash) }
    : { stream_sequence, payload_hash, status: 'noted' };

function verificationOf(payload_hash: string): Result {
  return { status: 'verified', payload_hash, verifier_id: 'V-2', verified_at_utc: '2026-11-22T09:03:00Z' };
}

const lost =
  (how: 'cut' | 'silence') =>
  (turn: Turn): Reaction => {
    turn.honest();
    return { how };
  };

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toUTCString();
const redirect = (status: number) =>
  ({
    react: ({ elsewhere, request }: Turn) => answer(status, undefined, { location: elsewhere + request.path }),
    on: 'posts',
    told: { status },
  }) as const;

export const TRICKS = {
  // The line.
  'cut before it was taken': { react: () => ({ how: 'cut' }), on: 'posts', told: { fault: 'broken_off' } },
  'silence before it was taken': { react: () => ({ how: 'silence' }), on: 'posts', told: { fault: 'timed_out' } },
  'taken, then cut': { react: lost('cut'), told: { fault: 'broken_off' } },
  'taken, then silence': { react: lost('silence'), told: { fault: 'timed_out' } },
  'half-open: silent to everything': { react: () => ({ how: 'silence' }), on: 'all', told: { fault: 'timed_out' } },
  'a head that never ends': { react: () => ({ how: 'slow_head' }), told: { fault: 'timed_out' } },
  'a body that drips': { react: () => ({ how: 'drip' }), told: { fault: 'timed_out' } },
  'a body cut short': { react: spoiled('truncated'), told: { fault: 'broken_off' } },
  'a body without end': { react: () => ({ how: 'oversized' }), told: { fault: 'answer_too_large' } },
  // Who you are, where you are.
  '401': { react: always(401), on: 'posts', told: { status: 401 } },
  '403': { react: always(403), on: 'posts', told: { status: 403 } },
  '404': { react: always(404), on: 'posts', told: { status: 404 } },
  '405': { react: always(405), on: 'posts', told: { status: 405 } },
  'redirect 301': redirect(301),
  'redirect 302': redirect(302),
  'redirect 307': redirect(307),
  'redirect 308': redirect(308),
  'captive portal': { react: () => answer(200, PORTAL), on: 'all', told: { status: 200, fault: 'not_json' } },
  // How much and when.
  '413 over some bytes': {
    react: ({ request }) => (request.bytes > SMALL_BODY_BYTES ? answer(413) : null),
    told: { status: 413 },
    several: true,
  },
  '413 over one record': {
    react: ({ request }) => ((request.batch?.records.length ?? 0) > 1 ? answer(413) : null),
    told: { status: 413 },
    several: true,
  },
  '415 for a content coding': {
    react: ({ request }) => (request.headers['content-encoding'] === undefined ? null : answer(415)),
    told: { status: 415 },
    several: true,
  },
  '429 in seconds': { react: always(429, { 'retry-after': '1' }), on: 'posts', told: { status: 429 } },
  '503 until a date': {
    react: () => answer(503, undefined, { 'retry-after': new Date(Date.now() + 1000).toUTCString() }),
    on: 'posts',
    told: { status: 503 },
  },
  '503 until next year': {
    react: () => answer(503, undefined, { 'retry-after': inDays(365) }),
    on: 'posts',
    told: { status: 503 },
  },
  '503 until long ago': {
    react: () => answer(503, undefined, { 'retry-after': inDays(-9000) }),
    told: { status: 503 },
  },
  '503 until nonsense': { react: always(503, { 'retry-after': 'soon, -5' }), told: { status: 503 } },
  '429 for 10^12 seconds': { react: always(429, { 'retry-after': '999999999999' }), told: { status: 429 } },
  // No.
  '400 for everything': { react: always(400), told: { status: 400 }, costs: true },
  '422 for everything': { react: always(422), told: { status: 422 }, costs: true },
  '400 for one record': { react: poisoned(answer(400)), told: { status: 400 }, costs: true },
  '422 for one record': { react: poisoned(answer(422)), told: { status: 422 }, costs: true },
  '500 for everything': { react: always(500), on: 'posts', told: { status: 500 } },
  '502 for everything': { react: always(502), on: 'posts', told: { status: 502 } },
  '500 for one record': { react: poisoned(answer(500)), told: { status: 500 }, costs: true },
  'cut for one record': { react: poisoned({ how: 'cut' }), told: { fault: 'broken_off' }, costs: true },
  'silence for one record': { react: poisoned({ how: 'silence' }), told: { fault: 'timed_out' }, costs: true },
  '500 for batches, look-ups well': { react: always(500), told: { status: 500 } },
  'taken, then 500': {
    react: (turn) => {
      turn.honest();
      return answer(500);
    },
    told: { status: 500 },
  },
  '204 with nothing': { react: () => answer(204), told: { status: 204 } },
  '304 not modified': { react: () => answer(304), told: { status: 304 } },
  // 200, and yet no answer.
  'JSON without results': { react: () => answer(200, { status: 'ok' }), on: 'posts', told: { status: 200 } },
  'JSON null': { react: () => answer(200, null), on: 'posts', told: { status: 200 } },
  'results that are no list': { react: () => answer(200, { results: 'all fine' }), told: { status: 200 } },
  'a good answer in gzip': { react: spoiled('gzipped') },
  'a good answer in a coding nobody knows': { react: spoiled('miscoded'), told: { fault: 'not_json' } },
  'JSON under another type': { react: spoiled('mistyped'), told: { fault: 'not_json' } },
  // 200, and not what was asked.
  'yes under another hash': {
    react: invented((entry) => ({ ...yes(entry), payload_hash: OTHER_HASH })),
    told: { status: 200 },
  },
  'yes under another key': {
    react: invented((entry) => ({ ...yes(entry), idempotency_key: OTHER_KEY })),
    told: { status: 200 },
  },
  'yes without key and hash': {
    react: invented(({ stream_sequence }) => ({ stream_sequence, status: 'accepted' })),
    told: { status: 200 },
  },
  'yes to other numbers': {
    react: invented((entry) => ({ ...yes(entry), stream_sequence: entry.stream_sequence + 100_000 })),
    told: { status: 200 },
  },
  'taken, answers under another hash': { react: each((result) => ({ ...result, payload_hash: OTHER_HASH })) },
  'every second result missing': {
    react: results((list) => list.filter((_, index) => index % 2 === 1)),
    several: true,
  },
  'no result at all': { react: results(() => []) },
  'results in reverse': { react: results((list) => list.toReversed()), several: true },
  'every result twice': { react: results((list) => list.flatMap((result) => [result, result])) },
  'yes and no to each': {
    react: results((list) => list.flatMap((result) => [result, { ...result, status: 'rejected', reason: 'no' }])),
  },
  'results of other batches among them': {
    react: results((list) => [...list.map((result) => ({ ...result, stream_sequence: 900_000 })), ...list]),
  },
  'statuses nobody knows': { react: each((result) => ({ ...result, status: 'done' })) },
  'hash_mismatch to each, once': {
    react: invented(({ stream_sequence, idempotency_key, payload_hash }) => ({
      ...{ stream_sequence, idempotency_key, payload_hash },
      status: 'hash_mismatch',
    })),
    costs: true,
  },
  'verification missing': { react: each(({ verification: _, ...result }) => result) },
  'verification of another hash': {
    react: each((result) =>
      result.verification === undefined ? result : { ...result, verification: verificationOf(OTHER_HASH) },
    ),
  },
  // Where to go on.
  'taken, then 409 to what follows': {
    react: (turn) => {
      turn.honest();
      const { batch } = turn.request;
      return batch === null ? null : answer(409, { expected_sequence: turn.ledger.expected(batch.stream) });
    },
    told: { status: 409 },
  },
  '409 to an earlier number': {
    react: conflict((_, batch) => Math.max(1, batch.first_sequence - 3)),
    told: { status: 409 },
  },
  '409 to the first number': { react: conflict(() => 1), told: { status: 409 } },
  '409 to a later number': { react: conflict((_, batch) => batch.first_sequence + 4), told: { status: 409 } },
  '409 to the number sent': { react: conflict((_, batch) => batch.first_sequence), told: { status: 409 } },
  '409 without a number': { react: conflict(() => 'next'), told: { status: 409 } },
  '409 to number zero': { react: conflict(() => 0), told: { status: 409 } },
} as const satisfies Readonly<Record<string, Trick>>;

export type TrickName = keyof typeof TRICKS;

export const TRICK_NAMES = Object.keys(TRICKS) as TrickName[];

export const trickOf = (name: TrickName): Trick => TRICKS[name];
