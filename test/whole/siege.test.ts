/** Clients that take room and time: slow ones at every stage, and a thousand that do nothing. The honest lane must not notice. */
import { once } from 'node:events';
import { connect as openTcp, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Besieged, topicOf } from '../harness/besieged.ts';
import { type Address, secureSocket } from '../harness/lane-authority.ts';
import { connect, publish } from '../harness/mqtt-wire.ts';
import { Scene } from '../harness/scene.ts';
import { hasOpenssl } from '../harness/self-signed.ts';

/** One byte now and then, so that the client is never quite silent. */
const DRIP_MS = 200;

describe.skipIf(!hasOpenssl())('under siege', () => {
  const scene = new Scene();
  let besieged: Besieged;
  beforeAll(async () => {
    // The shortest that a configuration can ask for: the test need not wait for what a store waits for.
    const intake = { connect_timeout_seconds: 1, max_keep_alive_seconds: 5 };
    besieged = await Besieged.start(scene, { config: { intake } });
  });
  afterAll(() => scene.close());

  const closed = (socket: Socket) =>
    new Promise<void>((resolve) => {
      // Read, or an answer that nobody takes would hide the end.
      socket
        .on('error', () => undefined)
        .on('close', () => resolve())
        .resume();
      scene.onClose(() => socket.destroy());
    });
  const plain = (to: Address) => {
    const socket = openTcp(to);
    return { socket, end: closed(socket) };
  };

  test('slow clients of TCP, TLS, CONNECT and of a record are cut off; lanes are served meanwhile', async () => {
    const { gateway, secure } = { gateway: besieged.gateway, secure: besieged.shop.secure };
    const hello = connect({ clientId: 'slow', userName: 'x'.repeat(200) });
    const slow = [gateway.mqtt, secure, secure].flatMap((to) => Array.from({ length: 10 }, () => plain(to)));
    const [silent, half, drip] = [slow.slice(0, 10), slow.slice(10, 20), slow.slice(20)];
    for (const { socket } of half) socket.write(Buffer.from([0x16, 0x03, 0x01, 0x01, 0x00]));
    const own = besieged.shop.identity('slow');
    const secured = await secureSocket(secure, own);
    const inside = { socket: secured, end: closed(secured) };
    // A lane that is let in, says that a record is coming, and never finishes it: silence by the rules of MQTT.
    const lane = await besieged.secured(own);
    expect(await lane.connackFor(connect({ clientId: 'half', keepAliveSeconds: 0 }))).toBe(0);
    const record = publish({ topic: topicOf('slow'), payload: 'x'.repeat(50_000), id: 1 });
    let at = 0;
    const timer = setInterval(() => {
      for (const { socket } of [...drip, inside]) if (socket.writable) socket.write(hello.subarray(at, at + 1));
      if (!lane.closed) lane.send(record.subarray(at, at + 1));
      at += 1;
    }, DRIP_MS);
    try {
      await besieged.sells();
      await Promise.all([...silent, ...half, ...drip, inside].map(({ end }) => end));
      await besieged.sells();
      await lane.hungUp();
    } finally {
      clearInterval(timer);
    }
    await besieged.isUnharmed();
  });

  test('a thousand connections that say nothing, of lanes and of screens: the honest lane sells, and room comes back', async () => {
    const web = new URL(besieged.gateway.http);
    const doors: Address[] = [
      besieged.shop.secure,
      besieged.gateway.mqtt,
      { host: web.hostname, port: Number(web.port) },
    ];
    const ends: Promise<void>[] = [];
    for (let number = 0; number < 1000; number += 1) {
      const to = doors[number % doors.length] ?? besieged.gateway.mqtt;
      const socket = openTcp({ ...to, localAddress: `127.0.2.${1 + (number % 25)}` });
      ends.push(closed(socket));
      if (number % 100 === 0) {
        await Promise.race([once(socket, 'connect'), ends.at(-1)]);
        await besieged.sells();
      }
    }
    await besieged.sells();
    // Each is ended by the gateway: at once when there are too many, else when its time to say something is over.
    let waiting = true;
    const over = Promise.all(ends).finally(() => {
      waiting = false;
    });
    while (waiting) await besieged.sells();
    await over;
    const fresh = await besieged.secured(besieged.shop.identity('fresh'));
    expect(await fresh.connackFor(connect({ clientId: 'fresh' }))).toBe(0);
    await besieged.isUnharmed();
  });
});
