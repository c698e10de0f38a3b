/** Summaries of health from the real gateway to a real HTTP server, over an outage of it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type PushBody, pushBodySchema } from '../../src/health/push/summary.ts';
import { Gateway } from '../harness/gateway.ts';
import { Scene } from '../harness/scene.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

/** A NOC on this port (0: any); `bodies` is what it took. */
async function startNoc(
  port: number,
): Promise<{ noc: Server; port: number; bodies: PushBody[]; first: Promise<void> }> {
  const bodies: PushBody[] = [];
  const { promise: first, resolve } = Promise.withResolvers<void>();
  const noc = createServer(async (message, answer) => {
    let text = '';
    for await (const chunk of message) text += String(chunk);
    bodies.push(pushBodySchema.parse(JSON.parse(text)));
    answer.writeHead(204).end();
    resolve();
  });
  await new Promise<void>((listening) => noc.listen(port, '127.0.0.1', listening));
  scene.onClose(() => void noc.close());
  return { noc, port: (noc.address() as AddressInfo).port, bodies, first };
}

test('summaries arrive; while nobody takes them health says so; afterwards the missed ones come too', async () => {
  const before = await startNoc(0);
  const url = `http://127.0.0.1:${before.port}/counterfoil`;
  const gateway = await Gateway.start(scene, { config: { push: { url, every_seconds: 1 } } });
  await before.first;
  expect(before.bodies[0]).toMatchObject({
    gateway_id: 'gw-0042',
    samples: [{ ready: true, mode: expect.any(String) }],
  });
  await new Promise((closed) => before.noc.close(closed));
  await gateway.logged(({ msg }) => msg === 'summaries of health are not taken', 'the outage');
  const isTold = (health: Record<string, unknown>) => JSON.stringify(health).includes('Nobody has taken summaries');
  await gateway.getOnce('/health', isTold, 'the warning');
  await gateway.restart();
  const backUtc = new Date().toISOString();
  const after = await startNoc(before.port);
  await after.first;
  await gateway.getOnce('/health', (health) => !isTold(health), 'the end of the warning');
  const times = after.bodies.flatMap(({ samples }) => samples.map(({ at_utc: at }) => at));
  expect(times.filter((at) => at < backUtc)).not.toEqual([]);
}, 30_000);
