import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../../../src/base/clock.ts';
import { RULES } from '../../../../src/demo/pms/check/rules.ts';
import { checkPms, findingsTable, type PmsCheckResult } from '../../../../src/demo/pms/check/run.ts';
import { openPms, rows } from '../office.ts';

const clock: Clock = { utcMs: () => Date.UTC(2026, 10, 22, 9), monotonicMs: () => 0 };
const shortOf = ({ findings }: PmsCheckResult) =>
  findings.filter(({ verdict }) => verdict === 'short').map(({ rule }) => rule);

test('the reference PMS meets every rule', async () => {
  const { url, dbFile } = await openPms({ token: 'sesame' });
  const result = await checkPms(url, 'sesame', clock);
  expect(result.findings.filter(({ verdict, detail }) => verdict !== 'ok' || detail !== '')).toEqual([]);
  expect([result.ok, result.findings.length]).toEqual([true, RULES.length]);
  expect(result.gateway_id).toMatch(/^check-[0-9a-f]{12}$/);
  const gateways = rows(dbFile, 'SELECT DISTINCT gateway_id FROM places');
  expect(gateways).toEqual([{ gateway_id: result.gateway_id }]);
});

test('can be repeated on the same PMS', async () => {
  const { url } = await openPms();
  expect((await checkPms(url, null, clock)).ok).toBe(true);
  expect((await checkPms(`${url}/`, null, clock)).ok).toBe(true);
});

test('without a token the rule about tokens is left open', async () => {
  const { url } = await openPms();
  const { findings } = await checkPms(url, null, clock);
  expect(findings.filter(({ verdict }) => verdict === 'not_checked').map(({ rule }) => rule)).toEqual(['auth']);
});

test('a PMS that takes any token falls short of that rule alone', async () => {
  const { url } = await openPms();
  expect(shortOf(await checkPms(url, 'sesame', clock))).toEqual(['auth']);
});

describe('a faulty PMS', () => {
  const all = RULES.filter(({ needsToken }) => !needsToken).map(({ name }) => name);

  test.each([
    ['no_verification', ['schedule_two']],
    ['error_500', all.filter((name) => name !== 'ping')],
    ['captive_portal', all],
    ['reject_every_nth=1', ['batch_key', 'batch_key_reuse', 'order']],
  ])('%s', async (fault, expected) => {
    const { url } = await openPms({ faults: [fault] });
    const short = shortOf(await checkPms(url, null, clock));
    if (fault === 'reject_every_nth=1') for (const name of expected) expect(short).not.toContain(name);
    else expect(short).toEqual(expected);
    expect(short.length).toBeGreaterThan(0);
  });

  test.each(['wrong_echo', 'missing_results', 'bare_200', 'drop_answer', 'hash_mismatch=1'])('%s', async (fault) => {
    const { url } = await openPms({ faults: [fault] });
    expect(shortOf(await checkPms(url, null, clock))).toEqual(
      expect.arrayContaining(['accepted', 'duplicate', 'gzip']),
    );
  });

  test('one that verifies later is right, and the check says when it saw that', async () => {
    const { url } = await openPms({ faults: ['pending_verification=2'] });
    const result = await checkPms(url, null, clock);
    expect(result.ok).toBe(true);
    expect(findingsTable(result)).toContain('verified at look-up 3');
  });
});

test('a PMS that believes what it is told falls short of the rules about hash, digest, order and keys', async () => {
  const { url } = await gullible();
  const short = shortOf(await checkPms(url, null, clock));
  const wanted = ['batch_key_reuse', 'digest', 'duplicate', 'order', 'hash_mismatch', 'key_conflict', 'rejected'];
  expect(short).toEqual(expect.arrayContaining([...wanted, 'gap_marker', 'schedule_two', 'dual_verification']));
  expect(short).not.toContain('accepted');
});

test('nobody at the address', async () => {
  const { pms, url } = await openPms();
  await pms.stop();
  await expect(checkPms(url, null, clock)).rejects.toMatchObject({ code: 'pms_unavailable', exitCode: 69 });
});

test('the table has a line for each rule and a sum', async () => {
  const { url } = await openPms({ faults: ['no_verification'] });
  const result = await checkPms(url, null, clock);
  const lines = findingsTable(result).trimEnd().split('\n');
  expect(lines).toHaveLength(RULES.length + 1);
  expect(lines.find((line) => line.startsWith('schedule_two '))).toMatch(/SHORT .*without verification$/);
  expect(lines.at(-1)).toBe(`${RULES.length} rules, 1 fall short; made-up records were sent as ${result.gateway_id}`);
});

/** A PMS as one might write it in an afternoon: accepts everything it can parse, checks nothing. */
async function gullible(): Promise<{ url: string }> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = (body: object) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    if (request.method === 'GET') return answer({ status: 'ok', time_utc: '2026-11-22T09:00:00Z' });
    try {
      const { records = [], keys = [] } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      const echo = (entry: Record<string, unknown>) => ({ ...entry, status: 'accepted', payload: undefined });
      const held = (key: string) => ({ idempotency_key: key, status: 'accepted', payload_hash: '0'.repeat(64) });
      return answer({ results: keys.length > 0 ? keys.map(held) : records.map(echo) });
    } catch {
      return response.writeHead(400).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
