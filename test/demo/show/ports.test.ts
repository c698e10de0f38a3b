import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { listenOnFirst, portOf, portOrAny } from '../../../src/demo/show/ports.ts';

const HOST = '127.0.0.1';

async function listening() {
  const server = createServer();
  await listenOnFirst(server, HOST, [0]);
  onTestFinished(() => void server.close());
  return portOf(server);
}

test('a port that is taken becomes any port', async () => {
  const taken = await listening();
  expect(await portOrAny(HOST, taken)).toBe(0);
  const server = createServer();
  onTestFinished(() => void server.close());
  await listenOnFirst(server, HOST, [taken, 0]);
  expect(portOf(server)).not.toBe(taken);
});

test('without a free port the last error is told', async () => {
  const taken = await listening();
  await expect(listenOnFirst(createServer(), HOST, [taken])).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(() => portOf(createServer())).toThrow('not listening');
});
