/** Answers of RabbitMQ's management API, as a server of the test's own gives them. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { queueFinding } from '../../../src/main/commands/rabbitmq-queue.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** What is found when the API answers so; also the request it got. */
async function found(status: number, body: unknown) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const findings = await queueFinding({ url, user: 'monitor', password: 'secret', clientId: 'counterfoil-0042' });
  return { findings, requests };
}

const queue = (more: object) => ({ type: 'quorum', durable: true, arguments: {}, ...more });
const DAY_MS = 86_400_000;

test('a durable quorum queue without expiry is what is wanted', async () => {
  const { findings, requests } = await found(200, queue({}));
  expect(findings).toEqual([{ check: 'queue', status: 'ok', seen: 'a durable quorum queue', advice: null }]);
  expect(requests[0]?.url).toBe('/api/queues/%2F/mqtt-subscription-counterfoil-0042qos1');
  expect(requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('monitor:secret').toString('base64')}`);
});

test.each([
  [{ type: 'classic' }, ['fail']],
  [{ durable: false }, ['fail']],
  [{ arguments: { 'x-expires': DAY_MS } }, ['ok', 'fail']],
  [{ arguments: { 'x-expires': 49 * DAY_MS } }, ['ok', 'ok']],
] as const)('%o is judged %o', async (more, statuses) => {
  const { findings } = await found(200, queue(more));
  expect(findings.map(({ status }) => status)).toEqual(statuses);
});

test.each([
  [404, {}, 'there is no queue'],
  [401, {}, 'answered 401'],
  [200, { what: 'else' }, 'no usable answer'],
] as const)('an answer %i %o is no finding about the queue', async (status, body, seen) => {
  const { findings } = await found(status, body);
  expect(findings).toMatchObject([{ status: 'unknown', seen: expect.stringContaining(seen) }]);
});

test('an API that is not there is told as such', async () => {
  const findings = await queueFinding({ url: 'http://127.0.0.1:9', user: 'a', password: 'b', clientId: 'c' });
  expect(findings).toMatchObject([{ status: 'unknown', advice: expect.stringContaining('--management-url') }]);
});
