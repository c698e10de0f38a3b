import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { request as ask } from 'undici';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Clock, Timers } from '../../../../src/base/clock.ts';
import { CounterfoilError } from '../../../../src/base/errors.ts';
import { RULES } from '../../../../src/demo/pms/check/rules.ts';
import { type CheckOptions, checkPms, type PmsCheckResult } from '../../../../src/demo/pms/check/run.ts';
import type { FaultName } from '../../../../src/demo/pms/faults.ts';
import { hasOpenssl, selfSigned } from '../../../harness/self-signed.ts';
import { openPms, rows, temporaryFolder } from '../office.ts';
import { at } from '../openapi/contract.ts';

const clock: Clock = { utcMs: () => Date.UTC(2026, 10, 22, 9), monotonicMs: () => 0 };
const check = (url: string, options: Partial<CheckOptions> = {}) => checkPms({ url, token: null, clock, ...options });
const shortOf = ({ findings }: PmsCheckResult) =>
  findings.filter(({ verdict }) => verdict === 'short').map(({ rule }) => rule);
const remarkOn = ({ findings }: PmsCheckResult, rule: string) => findings.find((each) => each.rule === rule)?.detail;

describe('the rules', () => {
  test('have names of their own and lead to places in the contract', () => {
    expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length);
    expect(RULES.filter(({ pointer }) => at(pointer) === undefined)).toEqual([]);
  });
});

describe('the reference PMS', () => {
  test('meets every rule', async () => {
    const { url, dbFile } = await openPms({ token: 'sesame', clock });
    const asked: string[] = [];
    const result = await check(url, { token: 'sesame', onRule: (rule) => asked.push(rule) });
    expect(result.findings.filter(({ verdict }) => verdict !== 'ok').map(({ rule }) => rule)).toEqual(['tls']);
    expect(result).toMatchObject({ ok: true, single: null });
    expect(result.gateway_id).toMatch(/^check-[0-9a-f]{12}$/);
    expect(asked).toEqual(RULES.map(({ name }) => name));
    expect(rows(dbFile, 'SELECT DISTINCT gateway_id FROM places')).toEqual([{ gateway_id: result.gateway_id }]);
    expect(rows(dbFile, "SELECT * FROM records WHERE idempotency_key NOT LIKE 'check-%'")).toEqual([]);
    expect(remarkOn(result, 'batch_size')).toBe('takes 3200 entries');
    expect(remarkOn(result, 'body_size')).toBe('takes 8192 KiB');
  });

  test('can be checked again, also with a slash behind its address', async () => {
    const { url } = await openPms({ clock });
    expect((await check(url)).ok).toBe(true);
    const again = await check(`${url}/`);
    expect(again.ok).toBe(true);
    expect(remarkOn(again, 'auth')).toBe('no token was given');
  });

  test('that takes any token falls short of that rule alone', async () => {
    const { url } = await openPms({ clock });
    expect(shortOf(await check(url, { token: 'sesame' }))).toEqual(['auth']);
  });

  test('that is not there is no PMS', async () => {
    const { pms, url } = await openPms();
    await pms.stop();
    await expect(check(url)).rejects.toMatchObject({ code: 'pms_unavailable', exitCode: 69 });
  });
});

/** What a check is meant to say: the rules that fall short (all of them, or at least these), a remark, or no PMS at all. */
type Expected =
  | readonly string[]
  | { readonly among: readonly string[] }
  | { readonly remark: readonly [rule: string, text: string] }
  | 'unavailable';

/** Each fault as it is set, with what it is found by. A fault without a line does not compile. */
const FOUND: Readonly<Record<FaultName, readonly [fault: string, Expected]>> = {
  slow: ['slow=6000', ['ping_speed']],
  hang: ['hang@0.5', 'unavailable'],
  hang_work: ['hang_work@0.5', ['accepted']],
  silence: ['silence@0.5', 'unavailable'],
  reset: ['reset', 'unavailable'],
  down: ['down', ['ping', 'accepted']],
  captive_portal: ['captive_portal', ['ping', 'accepted']],
  captive_portal_work: ['captive_portal_work', ['accepted']],
  redirect: ['redirect', ['ping', 'no_redirect', 'accepted']],
  unauthorized: ['unauthorized', ['ping', 'accepted']],
  forbidden: ['forbidden', ['accepted']],
  not_found: ['not_found', ['accepted']],
  method_not_allowed: ['method_not_allowed', ['accepted']],
  error_500: ['error_500', ['accepted']],
  throttle_429: ['throttle_429', ['accepted']],
  coding_refused: ['coding_refused', ['gzip', 'zstd']],
  clock_ahead: ['clock_ahead', ['clock']],
  clock_behind: ['clock_behind', ['clock']],
  late_answer: ['late_answer', ['accepted']],
  dripping: ['dripping', ['accepted']],
  truncated: ['truncated', ['accepted']],
  oversized: ['oversized=9', ['accepted']],
  gzip_answer: ['gzip_answer', ['accepted']],
  drop_answer: ['drop_answer', ['accepted']],
  bare_200: ['bare_200', ['accepted']],
  too_large: ['too_large=50', ['batch_size']],
  conflict_higher: ['conflict_higher', ['accepted']],
  conflict_lower: ['conflict_lower', ['accepted']],
  conflict_bare: ['conflict_bare', ['accepted']],
  unprocessable_every_nth: ['unprocessable_every_nth', ['accepted']],
  bad_request_every_nth: ['bad_request_every_nth', ['accepted']],
  error_500_every_nth: ['error_500_every_nth', ['accepted']],
  reset_every_nth: ['reset_every_nth', ['accepted']],
  restored: ['restored=1#1000', { among: ['duplicate', 'order_behind'] }],
  emptied: ['emptied#1000', { among: ['duplicate', 'order_behind'] }],
  reject_every_nth: ['reject_every_nth', ['accepted']],
  hash_mismatch: ['hash_mismatch', ['accepted']],
  hash_mismatch_once: ['hash_mismatch_once', ['accepted']],
  pending_verification: ['pending_verification=2', { remark: ['schedule_two', 'verified at look-up 3'] }],
  pending_declined: ['pending_declined', { remark: ['schedule_two', 'declined at look-up 2'] }],
  pending_for_ever: [
    'pending_for_ever',
    { remark: ['schedule_two', 'still pending after 5 look-ups; the outcome was not seen'] },
  ],
  no_verification: ['no_verification', ['schedule_two']],
  verification_other_hash: ['verification_other_hash', ['schedule_two']],
  missing_results: ['missing_results', ['accepted']],
  wrong_echo: ['wrong_echo', ['accepted']],
  wrong_key_echo: ['wrong_key_echo', ['accepted']],
  missing_echo: ['missing_echo', ['accepted']],
  duplicated_results: ['duplicated_results', ['accepted']],
  contradictory_results: ['contradictory_results', ['accepted']],
  foreign_results: ['foreign_results', ['accepted']],
  reordered_results: ['reordered_results', ['accepted']],
  lookup_unknown: ['lookup_unknown', ['key_conflict', 'lookup']],
  lookup_wrong_echo: ['lookup_wrong_echo', ['key_conflict', 'lookup']],
  no_cosignature: [
    'no_cosignature',
    {
      remark: [
        'witness',
        'it does not cosign checkpoints; that is allowed, and then nobody outside the store bears witness',
      ],
    },
  ],
  wrong_cosignature: ['wrong_cosignature', ['witness', 'witness_refuses']],
  witness_stale: ['witness_stale', ['witness', 'witness_refuses']],
  witness_inconsistent: ['witness_inconsistent', ['witness', 'witness_refuses']],
  witness_unknown_key: ['witness_unknown_key', ['witness', 'witness_refuses']],
  witness_nonsense: ['witness_nonsense', ['checkpoint_harmless', 'witness', 'witness_refuses']],
};

/**
 * Time for a faulty PMS and its check. A wait of the PMS passes at once on the common clock, unless `late`: then it never
 * ends, and the check's own patience is over instead; `lose` does the same for a PMS that says nothing at all.
 */
function commonTime(late: boolean) {
  let nowMs = 0;
  const patience = new Set<() => void>();
  const lose = () => void setImmediate(() => [...patience].at(-1)?.());
  const pmsTimers: Timers = {
    after(delayMs, task) {
      nowMs += delayMs;
      if (late) lose();
      else queueMicrotask(task);
      return () => {};
    },
  };
  const checkTimers: Timers = {
    after(_delayMs, task) {
      patience.add(task);
      return () => patience.delete(task);
    },
  };
  return { pmsTimers, checkTimers, lose, clock: { utcMs: clock.utcMs, monotonicMs: () => nowMs } };
}

describe('each fault is found by the rule it breaks', () => {
  test.each(Object.values(FOUND))('%s', async (fault, expected) => {
    const time = commonTime(/late|drip/.test(fault));
    const random = () => {
      time.lose();
      return 0;
    };
    const { url } = await openPms({ faults: [fault], clock, timers: time.pmsTimers, random });
    const checking = check(url, { clock: time.clock, timers: time.checkTimers });
    if (expected === 'unavailable') {
      await expect(checking).rejects.toMatchObject({ code: 'pms_unavailable' });
      return;
    }
    const result = await checking;
    if ('remark' in expected) {
      expect([result.ok, remarkOn(result, expected.remark[0])]).toEqual([true, expected.remark[1]]);
      return;
    }
    if ('among' in expected) expect(shortOf(result)).toEqual(expect.arrayContaining([...expected.among]));
    else expect(shortOf(result)).toEqual(expected);
    for (const { verdict, detail, exchange } of result.findings) {
      if (verdict !== 'short') continue;
      expect(detail).not.toBe('');
      expect(exchange?.sent).toMatch(/^(GET|POST) \/api\/v1\//);
    }
    // Neither does a broken PMS pass for a simple one.
    expect(result.single ?? 'no').toBe('no');
  });
});

/** A server for one test. */
async function serve(answer: (method: string, path: string, body: string) => { status?: number; body?: unknown }) {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { status = 200, body } = answer(request.method ?? '', request.url ?? '', Buffer.concat(chunks).toString());
    response.setHeader('date', new Date(clock.utcMs()).toUTCString());
    response.writeHead(status, body === undefined ? {} : { 'content-type': 'application/json' });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const PONG = { status: 'ok', time_utc: '2026-11-22T09:00:00Z' };

describe('a PMS of another make', () => {
  test('that believes what it is told falls short of the rules about hash, digest, order and keys', async () => {
    const url = await serve((method, _path, text) => {
      if (method === 'GET') return { body: PONG };
      const { records = [], keys = [] } = JSON.parse(text.endsWith('}') ? text : '{}');
      const echo = (entry: Record<string, unknown>) => ({ ...entry, status: 'accepted', payload: undefined });
      const held = (key: string) => ({ idempotency_key: key, status: 'accepted', payload_hash: '0'.repeat(64) });
      return { body: { results: keys.length > 0 ? keys.map(held) : records.map(echo) } };
    });
    const short = shortOf(await check(url, { token: 'sesame' }));
    const about = ['auth', 'batch_key_reuse', 'digest', 'coding_unknown', 'malformed', 'duplicate', 'order_ahead'];
    const more = [
      'order_behind',
      'gap_marker',
      'hash_mismatch',
      'key_conflict',
      'rejected',
      'lookup',
      'lookup_gateway',
    ];
    expect(short).toEqual(
      expect.arrayContaining([...about, ...more, 'schedule_two', 'dual_verification', 'wrong_stream']),
    );
    expect(short).not.toContain('accepted');
  });

  test('that remembers every answer by the batch key, a 409 too, falls short of that rule alone', async () => {
    const { url: true_one } = await openPms({ clock });
    const remembered = new Map<string, { status: number; type: string; text: string }>();
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const key = request.headers['x-idempotency-key'];
      const known = typeof key === 'string' ? remembered.get(key) : undefined;
      const body = request.method === 'POST' ? { body: Buffer.concat(chunks) } : {};
      const { host: _host, ...headers } = request.headers;
      const dispatched = { method: request.method === 'POST' ? 'POST' : 'GET', headers, ...body } as const;
      const answer = await ask(true_one + (request.url ?? ''), dispatched);
      const fresh = { status: answer.statusCode, type: 'application/json', text: await answer.body.text() };
      const { status, type, text } = known ?? fresh;
      if (typeof key === 'string' && known === undefined) remembered.set(key, fresh);
      const codings = { 'accept-encoding': 'gzip, zstd', date: new Date(clock.utcMs()).toUTCString() };
      response.writeHead(status, { 'content-type': type, ...codings }).end(text);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
    const result = await check(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(shortOf(result)).toEqual(['batch_key_retried', 'batch_key_reuse']);
  });

  test('that answers a bare 200 to a record with a key works with sync.profile: single, unproved', async () => {
    const url = await serve((method) => (method === 'GET' ? { body: PONG } : {}));
    const result = await check(url);
    expect([result.ok, result.single, shortOf(result)]).toEqual([false, 'bare', ['accepted']]);
  });

  test.each([
    [true, 'checked'],
    [false, 'bare'],
  ] as const)('the minimal profile of ours, echo %s: %s', async (echo, single) => {
    const { url } = await openPms({ minimal: { echo }, clock });
    expect((await check(url)).single).toBe(single);
  });

  test.skipIf(!hasOpenssl())(
    'that wants TLS: its certificate is told, and one nobody vouches for is no PMS',
    async () => {
      const { key, cert } = selfSigned(temporaryFolder(), 'pms');
      const server = createTlsServer({ key, cert }, (_request, response) => {
        response.setHeader('content-type', 'application/json').end(JSON.stringify(PONG));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
      const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
      expect(remarkOn(await check(url, { ca: cert }), 'tls')).toMatch(/^TLSv1\.[23], certificate ends in -?\d+ days/);
      await expect(check(url)).rejects.toBeInstanceOf(CounterfoilError);
    },
  );
});
