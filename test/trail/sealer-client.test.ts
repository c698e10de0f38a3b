/** The gateway's side of the sealer, with the real sealer behind a real socket; and with one that lies. */

import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { operation } from '../../src/base/socket/operations.ts';
import { SocketServer } from '../../src/base/socket/server.ts';
import { Sealer } from '../../src/sealer/sealer.ts';
import { sealerServer } from '../../src/sealer/serve.ts';
import { openCheckpoint } from '../../src/tlog/checkpoint.ts';
import { parseVerifierKey } from '../../src/tlog/verifier-key.ts';
import { SealerClient } from '../../src/trail/sealer-client.ts';
import { missing } from '../harness/programs.ts';
import { Scene } from '../harness/scene.ts';
import { LoopDisk } from '../harness/sealer/loop-disk.ts';

const ORIGIN = 'gw-0042/0badcafe/audit';

let scene: Scene;
let trailDir = '';
let socketPath = '';
let client: SealerClient;
beforeEach(() => {
  scene = new Scene();
  const folder = scene.folder();
  trailDir = join(folder, 'trail');
  socketPath = join(folder, 'run', 'sealer.sock');
});
afterEach(async () => await scene.close());

async function serve(server: SocketServer): Promise<void> {
  await server.start();
  scene.onClose(() => server.stop());
}

const segment = (n: number) => join(trailDir, 'audit', `s0000000${n}.log`);

describe.skipIf(missing('root with loop devices'))('with a sealer', () => {
  let server: SocketServer;
  beforeEach(async () => {
    const folder = scene.folder();
    const disk = new LoopDisk(folder);
    scene.onClose(() => disk.remove());
    trailDir = join(disk.path, 'trail');
    mkdirSync(trailDir, { mode: 0o750 });
    const stateDir = join(folder, 'state');
    mkdirSync(stateDir, { mode: 0o700 });
    const sealer = await Sealer.open({ trailDir, stateDir, log: silentLog, retentionYears: 2, clock: systemClock });
    server = sealerServer(socketPath, sealer, silentLog);
    await serve(server);
    client = new SealerClient({ socketPath, trailDir });
  });

  test('segments are made ready and sealed, and worm says what was seen', async () => {
    expect(client.worm()).toBe('none');
    expect(await client.prepare('audit', 0)).toEqual({ path: segment(0), appendOnly: true });
    expect(client.worm()).toBe('append_only');
    appendFileSync(segment(0), 'zero\n');
    await client.prepare('audit', 1);
    expect(client.worm()).toBe('append_only');
    await client.seal('audit', 0);
    await client.seal('audit', 0);
    expect(client.worm()).toBe('sealed');
    // A new process sees it when it prepares the next one.
    const next = new SealerClient({ socketPath, trailDir });
    await next.prepare('audit', 1);
    expect(next.worm()).toBe('sealed');
    await expect(client.prepare('audit', 0)).rejects.toMatchObject({ code: 'usage' });
  });

  test('checkpoints are signed by the key it names, and what contradicts them is refused by code', async () => {
    const root = Buffer.alloc(32, 7);
    expect(await client.newest('audit')).toBeNull();
    const note = await client.sign({ log: 'audit', origin: ORIGIN, size: 5, root, proof: [] });
    const key = parseVerifierKey(await client.verifierKey(ORIGIN));
    expect(key.ok && openCheckpoint(note, [key.key])).toMatchObject({ ok: true, checkpoint: { size: 5, root } });
    expect(await client.newest('audit')).toEqual({ origin: ORIGIN, size: 5, root, note });
    const smaller = { log: 'audit', origin: ORIGIN, size: 4, root, proof: [] } as const;
    await expect(client.sign(smaller)).rejects.toMatchObject({ code: 'checkpoint_refused' });
  });

  test('while it is away: the segment in use and the spare can be had, more and signatures cannot', async () => {
    await client.prepare('audit', 0);
    appendFileSync(segment(0), 'zero\n');
    const key = await client.verifierKey(ORIGIN);
    await server.stop();
    expect(await client.prepare('audit', 0)).toMatchObject({ appendOnly: true });
    expect(await client.prepare('audit', 1)).toMatchObject({ appendOnly: true });
    const away = { code: 'sealer_unreachable', message: expect.stringContaining(socketPath) };
    await expect(client.prepare('audit', 2)).rejects.toMatchObject(away);
    await expect(client.seal('audit', 0)).rejects.toMatchObject(away);
    await expect(client.newest('audit')).rejects.toMatchObject(away);
    // The key was asked for once; checkpoints that lanes show can be judged all the same.
    expect(await client.verifierKey('gw-0042/0badcafe/schedule_two')).toContain(key.split('+').at(-1));
    await serve(server);
    expect(await client.prepare('audit', 2)).toMatchObject({ appendOnly: true });
  });
});

describe('a sealer that lies', () => {
  beforeEach(async () => {
    mkdirSync(join(trailDir, 'audit'), { recursive: true });
    writeFileSync(segment(0), 'plain\n');
    const params = z.strictObject({ log: z.string(), n: z.number() });
    const liar = new SocketServer({
      name: 'sealer socket',
      program: 'the sealer',
      path: socketPath,
      mode: 0o600,
      folderMode: 0o700,
      maxRequestBytes: 1024,
      example: '{}',
      operations: {
        open: operation(params, () => ({ appendOnly: true, sizeBytes: 6 })),
        seal: operation(params, () => ({ immutable: true, verity: true })),
        state: operation(z.strictObject({}), () => ({ everything: 'fine' })),
      },
      log: silentLog,
    });
    await serve(liar);
    client = new SealerClient({ socketPath, trailDir });
  });

  test('is not believed: what can be overwritten is not append-only, what can be appended to is not sealed', async () => {
    expect(await client.prepare('audit', 0)).toEqual({ path: segment(0), appendOnly: false });
    expect(client.worm()).toBe('none');
    await expect(client.seal('audit', 0)).rejects.toMatchObject({ code: 'trail_unfit' });
    expect(client.worm()).toBe('none');
  });

  test('an answer of another form is told as that', async () => {
    await expect(client.newest('audit')).rejects.toMatchObject({
      code: 'sealer_unreachable',
      message: expect.stringContaining('not understood'),
    });
  });
});
