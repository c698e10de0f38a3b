/** The pusher against a real HTTP server that goes away and comes back. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.ts';
import { post } from '../../../src/health/push/post.ts';
import { Pusher } from '../../../src/health/push/pusher.ts';
import { Spool } from '../../../src/health/push/spool.ts';
import { type PushBody, pushBodySchema } from '../../../src/health/push/summary.ts';
import { HandTime } from '../../harness/hand-time.ts';
import { aSummary } from './a-summary.ts';

let folder: string;
let noc: Server;
let port: number;
let taken: PushBody[];
let status: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-push-'));
  taken = [];
  status = 204;
  noc = createServer((message, answer) => {
    void bodyOf(message).then((body) => {
      if (message.headers.authorization !== 'Bearer sesame') status = 401;
      if (status < 300) taken.push(pushBodySchema.parse(JSON.parse(body)));
      answer.writeHead(status, status === 302 ? { Location: 'http://127.0.0.1:9/' } : {}).end();
    });
  });
  await new Promise<void>((resolve) => noc.listen(0, '127.0.0.1', resolve));
  port = (noc.address() as AddressInfo).port;
});
afterEach(async () => {
  await new Promise((resolve) => noc.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

async function bodyOf(message: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of message) text += String(chunk);
  return text;
}

/** One look at each of these times, one after the other, as `start` makes them. */
async function looks(pusher: () => Pusher, ...times: string[]): Promise<ReturnType<Pusher['facts']>> {
  let facts: ReturnType<Pusher['facts']> = null;
  for (const at of times) {
    now = at;
    const made = pusher();
    made.start();
    await made.settled();
    facts = made.facts();
    await made.stop();
  }
  return facts;
}

let now = '';
const pusherTo = (token: string | null) => () =>
  new Pusher(
    { url: `http://127.0.0.1:${port}/`, everyMs: 60_000, keepHours: 3 },
    {
      clock: new HandTime(),
      timers: new HandTime(),
      random: () => 0.5,
      log: silentLog,
      spool: new Spool(join(folder, 'push')),
      about: { v: 1, gateway_id: 'gw-0042', store: '0042', version: '0' },
      summary: () => aSummary(now),
      send: (body, signal) =>
        post({ url: `http://127.0.0.1:${port}/`, token, ca: null, timeoutMs: 5_000 }, body, signal),
    },
  );

const hour = (at: number) => `2026-11-22T${String(at).padStart(2, '0')}:00:00.000Z`;
const times = () => taken.map(({ samples }) => samples.map(({ at_utc: at }) => at.slice(11, 13)));

test('over an outage nothing is lost, also not over a restart: the present comes first, then what was missed', async () => {
  await looks(pusherTo('sesame'), hour(8));
  status = 503;
  const facts = await looks(pusherTo('sesame'), hour(9), hour(10));
  expect(facts).toMatchObject({ fault: { code: 'unreachable' }, waitingHours: 2 });
  status = 204;
  expect(await looks(pusherTo('sesame'), hour(11))).toMatchObject({ fault: null, waitingHours: 0 });
  expect(times()).toEqual([['08'], ['11'], ['09'], ['10']]);
});

test('what is older than is kept is forgotten', async () => {
  status = 503;
  await looks(pusherTo('sesame'), hour(1), hour(2), hour(3), hour(4));
  status = 204;
  await looks(pusherTo('sesame'), hour(5));
  expect(times()).toEqual([['05'], ['03'], ['04']]);
});

test.each([
  [302, 'sesame', 'refused'],
  [404, 'sesame', 'refused'],
  [204, null, 'unauthorised'],
] as const)('an answer %d with token %s takes nothing: %s', async (answer, token, code) => {
  status = answer;
  expect(await looks(pusherTo(token), hour(8))).toMatchObject({ fault: { code }, waitingHours: 1 });
  expect(taken).toEqual([]);
});

test('a kept hour that cannot be read is told in the log and ends nothing; the hours after it still go out', async () => {
  mkdirSync(join(folder, 'push', '2026-11-25T08.jsonl'), { recursive: true });
  const facts = await looks(pusherTo('sesame'), '2026-11-25T09:00:00.000Z', '2026-11-25T09:01:00.000Z');
  expect(facts).toMatchObject({ fault: null });
  expect(taken.flatMap(({ samples }) => samples.map(({ at_utc }) => at_utc))).toEqual([
    '2026-11-25T09:00:00.000Z',
    '2026-11-25T09:01:00.000Z',
  ]);
});
