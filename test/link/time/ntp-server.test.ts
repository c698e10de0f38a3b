/** The client against real UDP servers: good, skewed, refusing, lying, silent. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, systemTimers } from '../../../src/base/clock.ts';
import { NtpServer } from '../../../src/link/time/ntp-server.ts';
import type { Reading } from '../../../src/link/time/reading.ts';
import { Scene } from '../../harness/scene.ts';
import { ntpAnswer, type Play, type TimeServer, timeServer } from '../../harness/time-server.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

/** The server's clock runs with our monotonic one, so what a reading has to say is known exactly. */
const AHEAD_MS = Date.UTC(2026, 10, 22);
const RIGHT: Play = { utcMs: () => AHEAD_MS + systemClock.monotonicMs(), rootDispersionMs: 10 };
const running = () => new AbortController().signal;

function clientOf(name: string, timeoutMs = 20_000): NtpServer {
  return new NtpServer(
    name,
    { burst: 4, spacingMs: 1, timeoutMs, pivotMs: Date.UTC(2026, 10, 1) },
    {
      clock: systemClock,
      timers: systemTimers,
      resolve: async (host) => [{ address: host, family: 4 }],
    },
  );
}

async function poll(play: Play, timeoutMs?: number) {
  const server: TimeServer = await timeServer(scene, play);
  const client = clientOf(server.name, timeoutMs);
  return { server, client, reading: await client.poll(running()) };
}

/** How wrong a reading is; NTP's own fractions of a second are exact to a nanosecond, numbers here to a microsecond. */
const errorOf = (reading: Reading | null, aheadMs = AHEAD_MS) => Math.abs((reading?.aheadMs ?? Number.NaN) - aheadMs);

describe('a server that knows the time', () => {
  test('is asked four times; the truth lies within the uncertainty', async () => {
    const { server, client, reading } = await poll(RIGHT);
    expect(client.state).toBe('ok');
    expect(server.asked).toHaveLength(4);
    expect(errorOf(reading)).toBeLessThanOrEqual((reading?.uncertaintyMs ?? 0) + 0.01);
    expect(reading?.uncertaintyMs).toBeGreaterThanOrEqual(10);
  });

  test('never sees our clock: what it could read is another random number each time', async () => {
    const { server } = await poll(RIGHT);
    const sent = server.asked.map((request) => request.subarray(40).toString('hex'));
    expect(new Set(sent).size).toBe(4);
  });

  test('and is two hours ahead of us', async () => {
    const { reading } = await poll({ ...RIGHT, utcMs: () => RIGHT.utcMs() + 7_200_000 });
    expect(errorOf(reading, AHEAD_MS + 7_200_000)).toBeLessThanOrEqual((reading?.uncertaintyMs ?? 0) + 0.01);
  });
});

test('the next address of a name is tried when the first says nothing, and remembered', async () => {
  const good = await timeServer(scene, RIGHT);
  const port = Number(good.name.split(':')[1]);
  // Nobody listens at the first one.
  const options = { burst: 3, spacingMs: 1, timeoutMs: 20_000, pivotMs: Date.UTC(2026, 10, 1) };
  const resolve = async () => ['127.0.0.2', '127.0.0.1'].map((address) => ({ address, family: 4 }));
  const client = new NtpServer(`time.test:${port}`, options, { clock: systemClock, timers: systemTimers, resolve });
  expect(await client.poll(running())).not.toBeNull();
  expect(client.state).toBe('ok');
  expect(good.asked).toHaveLength(3);
});

describe("kiss-o'-death", () => {
  test.each(['DENY', 'RSTR'])('%s: it is never asked again', async (kiss) => {
    const { server, client, reading } = await poll({ ...RIGHT, kiss });
    expect(reading).toBeNull();
    expect(client.state).toBe('denied');
    server.play = RIGHT;
    expect(await client.poll(running())).toBeNull();
    expect(server.asked).toHaveLength(1);
  });

  test('RATE: it is asked less and less often, and ever sooner again once it answers', async () => {
    const { server, client } = await poll({ ...RIGHT, kiss: 'RATE' });
    expect([client.state, client.patience]).toEqual(['rate', 2]);
    await client.poll(running());
    expect(client.patience).toBe(4);
    expect(server.asked).toHaveLength(2);
    server.play = RIGHT;
    await client.poll(running());
    expect([client.state, client.patience]).toEqual(['ok', 2]);
  });
});

describe('a server without use', () => {
  test('that says nothing', async () => {
    const { server, client, reading } = await poll({ ...RIGHT, silent: true }, 50);
    expect([reading, client.state]).toEqual([null, 'silent']);
    expect(server.asked).toHaveLength(1);
  });

  test('that echoes another timestamp than ours: it is as if it had said nothing', async () => {
    const { client, reading } = await poll({ ...RIGHT, wrong: 'origin' }, 50);
    expect([reading, client.state]).toEqual([null, 'silent']);
  });

  test('that says it is not synchronised', async () => {
    const { client, reading } = await poll({ ...RIGHT, leap: 3 });
    expect([reading, client.state]).toEqual([null, 'unusable']);
  });

  test('where nobody listens', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    socket.close();
    const client = clientOf(`127.0.0.1:${port}`);
    expect(await client.poll(running())).toBeNull();
    expect(client.state).toBe('silent');
  });

  test('whose name is not known', async () => {
    const options = { burst: 1, spacingMs: 1, timeoutMs: 1000, pivotMs: 0 };
    const resolve = () => Promise.reject(new Error('ENOTFOUND'));
    const client = new NtpServer('time.invalid', options, { clock: systemClock, timers: systemTimers, resolve });
    expect(await client.poll(running())).toBeNull();
    expect(client.state).toBe('name_not_found');
  });
});

test('nobody else can answer for the server, even with the right timestamp', async () => {
  const stranger = createSocket('udp4').bind(0, '127.0.0.1');
  await once(stranger, 'listening');
  scene.onClose(() => stranger.close());
  const server = createSocket('udp4').bind(0, '127.0.0.1');
  await once(server, 'listening');
  scene.onClose(() => server.close());
  server.on('message', (request, from) => {
    const wrong = ntpAnswer(request, { ...RIGHT, utcMs: () => Date.UTC(2030, 0, 1) });
    // The true answer leaves only when the false one is on its way.
    stranger.send(wrong, from.port, from.address, () =>
      server.send(ntpAnswer(request, RIGHT), from.port, from.address),
    );
  });
  const reading = await clientOf(`127.0.0.1:${server.address().port}`).poll(running());
  expect(errorOf(reading)).toBeLessThanOrEqual((reading?.uncertaintyMs ?? 0) + 0.01);
});

test('a poll that is stopped ends at once', async () => {
  const server = await timeServer(scene, { ...RIGHT, silent: true });
  const stop = new AbortController();
  const polled = clientOf(server.name).poll(stop.signal);
  stop.abort();
  expect(await polled).toBeNull();
});
