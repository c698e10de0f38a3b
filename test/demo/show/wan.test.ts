/** The line between gateway and PMS, with real sockets: open, cut, silent, captive portal, and back. */
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { Wan } from '../../../src/demo/show/wan.ts';

let wan: Wan;
let url: string;
let farUrl: string;
let port: number;
let heard: string[];

beforeEach(async () => {
  heard = [];
  const far = createServer((request: IncomingMessage, response) => {
    heard.push(request.url ?? '');
    response.end(`answer to ${request.url}`);
  });
  await new Promise<void>((resolve) => far.listen(0, '127.0.0.1', resolve));
  const targetPort = (far.address() as AddressInfo).port;
  farUrl = `http://127.0.0.1:${targetPort}`;
  wan = new Wan({ targetPort, ports: [0] });
  port = await wan.start();
  url = `http://127.0.0.1:${port}`;
  return async () => {
    await wan.stop();
    far.closeAllConnections();
    await new Promise((resolve) => far.close(resolve));
  };
});

const ask = async (path: string) => {
  const response = await fetch(url + path, { headers: { connection: 'close' } });
  return { status: response.status, text: await response.text() };
};

/** A connection that has sent a request and waits. */
async function asking(path: string): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  onTestFinished(() => void socket.destroy());
  socket.setEncoding('utf8');
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(`GET ${path} HTTP/1.1\r\nhost: pms\r\nconnection: close\r\n\r\n`);
  return socket;
}

const firstData = (socket: Socket) =>
  new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))));
const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()));

test('open: everything passes', async () => {
  expect(await ask('/a')).toEqual({ status: 200, text: 'answer to /a' });
  expect(wan.state).toBe('open');
});

test('cut: open connections break, new ones are refused; back on the same port', async () => {
  await wan.set('silent');
  const socket = await asking('/lost');
  const broken = closed(socket);
  await wan.set('cut');
  await broken;
  await expect(ask('/b')).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  await wan.set('open');
  expect(await ask('/c')).toMatchObject({ text: 'answer to /c' });
  expect(heard).toEqual(['/c']);
});

test('silent: a connection stands and no byte passes; afterwards it goes on where it was', async () => {
  await wan.set('silent');
  const socket = await asking('/late');
  const answer = firstData(socket);
  // The PMS answers somebody else first, so silence is not just slowness.
  expect(await (await fetch(`${farUrl}/other`, { headers: { connection: 'close' } })).text()).toBe('answer to /other');
  expect(heard).toEqual(['/other']);
  await wan.set('open');
  expect(await answer).toContain('answer to /late');
  expect(heard).toEqual(['/other', '/late']);
});

test('portal: 200 and a page for everything, and nothing reaches the PMS', async () => {
  await wan.set('portal');
  for (const path of ['/api/v1/inventory/ping', '/anything']) {
    expect(await ask(path)).toEqual({ status: 200, text: expect.stringContaining('<!doctype html>') });
  }
  expect(heard).toEqual([]);
  await wan.set('open');
  expect(await ask('/d')).toMatchObject({ text: 'answer to /d' });
});

test('a connection through the portal ends with it', async () => {
  await wan.set('portal');
  const socket = connect({ host: '127.0.0.1', port });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  const ended = closed(socket);
  await new Promise((resolve) => socket.once('connect', resolve));
  await ask('/through-first');
  await wan.set('open');
  await ended;
});

test('changes asked for at once happen one after the other', async () => {
  await Promise.all([wan.set('cut'), wan.set('portal'), wan.set('silent'), wan.set('cut'), wan.set('open')]);
  expect(wan.state).toBe('open');
  expect(await ask('/e')).toMatchObject({ text: 'answer to /e' });
});

test('takes the first port that is free', async () => {
  const second = new Wan({ targetPort: 9, ports: [port, 0] });
  onTestFinished(() => second.stop());
  expect(await second.start()).not.toBe(port);
});
