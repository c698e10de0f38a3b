/** The next batch on the line while the PMS works on the one before: what a server sees of it, byte by byte. */

import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemTimers } from '../../src/base/clock.ts';
import { PMS_PATHS } from '../../src/record/wire.ts';
import { Hold } from '../../src/sync/hold.ts';
import { Upstream } from '../../src/sync/upstream.ts';
import { Scene } from '../harness/scene.ts';
import { batchIn, type Script, type Seen } from '../harness/scripted-pms.ts';
import { makeRig } from './rig.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const BODY = Buffer.from(`{"held":"${'x'.repeat(5000)}"}`);

/** A server that answers once a whole body is there, and tells how much of it has come. */
async function listener() {
  let come = 0;
  let closed = false;
  const watchers = new Set<() => void>();
  const changed = () => {
    for (const look of [...watchers]) look();
  };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const head = text.indexOf('\r\n\r\n');
      if (head >= 0) come = text.length - head - 4;
      if (come === BODY.length) {
        socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}');
      }
      changed();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      closed = true;
      changed();
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise<void>((resolve) => server.once('listening', resolve));
  scene.onClose(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const until = (holds: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (holds()) resolve();
      };
      watchers.add(look);
      look();
    });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    come: () => come,
    comes: (bytes: number) => until(() => come >= bytes),
    closes: () => until(() => closed),
  };
}

function upstreamTo(pmsUrl: string) {
  const options = { pmsUrl, connectTimeoutMs: 5000, requestTimeoutMs: 20_000, maxAnswerBytes: 1000, tls: null };
  const upstream = new Upstream(options, systemTimers);
  upstream.start();
  scene.onClose(() => upstream.stop());
  return upstream;
}

describe('a request that is held back', () => {
  const content = { bytes: BODY, stream: 'standard', coding: 'identity', headers: {} } as const;

  test('reaches the server but for its last bytes, and those when it is let go', async () => {
    const server = await listener();
    const hold = new Hold(Promise.resolve());
    const reply = upstreamTo(server.url).post('/x', { ...content, hold });
    await server.comes(BODY.length - 64);
    expect(server.come()).toBe(BODY.length - 64);
    hold.release();
    expect(await reply).toMatchObject({ status: 200, json: {} });
  });

  test('never gets them when it is withdrawn: the connection is cut', async () => {
    const server = await listener();
    const hold = new Hold(Promise.resolve());
    const reply = upstreamTo(server.url).post('/x', { ...content, hold });
    await server.comes(BODY.length - 64);
    hold.withdraw();
    expect(await reply).toEqual({ kind: 'fault', fault: 'withdrawn' });
    await server.closes();
    expect(server.come()).toBe(BODY.length - 64);
    hold.release();
  });
});

const first = (seen: Seen) => batchIn(seen).first_sequence;

describe('the stage', () => {
  test('has the PMS see one whole batch at a time, though the next has been noted before the answer', async () => {
    const rig = await makeRig(scene, { options: { batchSize: 5 } });
    rig.buffer.addMany(40);
    let working = 0;
    let most = 0;
    let notedAhead = 0;
    rig.pms.script = async (seen) => {
      working += 1;
      most = Math.max(most, working);
      const ahead = () => rig.buffer.notesOf('sync_attempt').some((note) => Number(note.body.first) > first(seen));
      // The last batch has nothing behind it.
      if (first(seen) < 36) await rig.buffer.until(ahead);
      notedAhead += Number(ahead());
      working -= 1;
      return rig.ledger.script(seen);
    };
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.counts().SYNCED === 40);
    expect(most).toBe(1);
    expect(notedAhead).toBe(7);
    expect(rig.pms.batches.map(first)).toEqual([1, 6, 11, 16, 21, 26, 31, 36]);
  });

  test('reads the request after the next while both before it are on the line', async () => {
    const rig = await makeRig(scene, { options: { batchSize: 5 } });
    rig.buffer.addMany(40);
    const { promise: third, resolve } = Promise.withResolvers<void>();
    const read = rig.buffer.readFrom.bind(rig.buffer);
    rig.buffer.readFrom = (...args) => {
      if (args[1] === 11) resolve();
      return read(...args);
    };
    rig.pms.script = async (seen) => {
      // The first answer waits until the third request is being read; it would wait for ever without.
      if (first(seen) === 1) await third;
      return rig.ledger.script(seen);
    };
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.counts().SYNCED === 40);
    expect(rig.pms.batches.map(first)).toEqual([1, 6, 11, 16, 21, 26, 31, 36]);
  });

  test('cuts off what was under way when the answer before it is no good, and says so in the trail', async () => {
    const rig = await makeRig(scene, { options: { batchSize: 5 } });
    rig.buffer.addMany(20);
    let failed = false;
    const failOnce: Script = async (seen) => {
      if (first(seen) !== 6 || failed) return rig.ledger.script(seen);
      failed = true;
      await rig.buffer.until(() => rig.buffer.notesOf('sync_attempt').some((note) => note.body.first === 11));
      return { status: 500 };
    };
    rig.pms.script = failOnce;
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.counts().SYNCED === 20);
    const faults = rig.buffer.notesOf('sync_answer').map((note) => note.body.fault);
    expect(faults).toContain('withdrawn');
    // The PMS has seen the failed one twice and no other out of turn.
    expect(rig.pms.batches.map(first)).toEqual([1, 6, 6, 11, 16]);
  });

  test('is not held up by a buffer that cannot write an answer: all is sent again and the PMS has it once', async () => {
    const rig = await makeRig(scene, { options: { batchSize: 5 } });
    rig.buffer.addMany(30);
    let failed = false;
    rig.pms.script = (seen) => {
      if (seen.path === PMS_PATHS.sync && first(seen) === 11 && !failed) {
        failed = true;
        rig.buffer.failNext = 'settle';
      }
      return rig.ledger.script(seen);
    };
    rig.sync.start();
    await rig.buffer.until(() => rig.buffer.counts().SYNCED === 30);
    expect(rig.ledger.held.size).toBe(30);
  });
});
