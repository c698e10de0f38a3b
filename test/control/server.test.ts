/** The control socket over a real Unix socket: who may open it, what it understands, what it answers. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, connect as open, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CounterfoilError } from '../../src/base/errors.ts';
import { type Log, silentLog } from '../../src/base/log.ts';
import { operation } from '../../src/base/socket/operations.ts';
import type { SocketServer } from '../../src/base/socket/server.ts';
import { callGateway } from '../../src/control/client.ts';
import { MAX_REQUEST_BYTES } from '../../src/control/limits.ts';
import { controlServer } from '../../src/control/server.ts';
import { controlSocketPath } from '../../src/control/socket-path.ts';

let dataDir = '';
let path = '';
const undo: (() => Promise<unknown> | unknown)[] = [];
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'cf-control-'));
  path = controlSocketPath(dataDir);
});
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
  rmSync(dataDir, { recursive: true, force: true });
});

const RESULT = z.object({ said: z.string() });
const logged: string[] = [];
const log: Log = { ...silentLog, error: (message, fields) => logged.push(`${message} ${JSON.stringify(fields)}`) };

const operations = {
  echo: operation(z.strictObject({ say: z.string().max(10) }), ({ say }) => ({ said: say })),
  refuse: operation(z.strictObject({}), () => {
    throw new CounterfoilError('review_stale', 'it has changed', 'Look again.');
  }),
  break: operation(z.strictObject({}), () => JSON.parse('{"secret": ')),
};

async function served(): Promise<SocketServer> {
  const server = controlServer(path, { operations, log });
  await server.start();
  undo.push(() => server.stop());
  return server;
}

/** A connection that sends text as it is and reads answers line by line. */
class Caller {
  readonly socket: Socket;
  #text = '';
  #changed = Promise.withResolvers<void>();
  ended = false;

  constructor() {
    this.socket = open({ path, allowHalfOpen: true });
    undo.push(() => this.socket.destroy());
    this.socket.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString();
      this.#wake();
    });
    this.socket.on('error', () => {});
    for (const event of ['end', 'close'] as const) {
      this.socket.on(event, () => {
        this.ended = true;
        this.#wake();
      });
    }
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  async answers(count: number): Promise<unknown[]> {
    while (this.#text.split('\n').length - 1 < count && !this.ended) await this.#changed.promise;
    return this.#text
      .split('\n')
      .slice(0, -1)
      .map((line): unknown => JSON.parse(line));
  }
}

const request = (id: number, op: string, params: object = {}) => `${JSON.stringify({ id, op, params })}\n`;

describe('the socket', () => {
  test('only its owner can open it', async () => {
    mkdirSync(join(dataDir, 'run'), { mode: 0o755 });
    chmodSync(join(dataDir, 'run'), 0o755);
    await served();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(dataDir, 'run')).mode & 0o777).toBe(0o700);
  });

  test('goes with its server', async () => {
    const server = await served();
    await server.stop();
    expect(existsSync(path)).toBe(false);
    await expect(callGateway(dataDir, 'echo', { say: 'hello' }, RESULT)).rejects.toMatchObject({
      code: 'gateway_unreachable',
      message: `no gateway is running on ${dataDir}`,
    });
  });

  test('of a process that died is replaced', async () => {
    mkdirSync(join(dataDir, 'run'));
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    expect(statSync(path).isSocket()).toBe(true);
    await served();
    expect(await callGateway(dataDir, 'echo', { say: 'hello' }, RESULT)).toEqual({ said: 'hello' });
  });

  test('of a process that lives is not', async () => {
    await served();
    const second = controlServer(path, { operations, log });
    await expect(second.start()).rejects.toMatchObject({ code: 'address_in_use' });
    expect(await callGateway(dataDir, 'echo', { say: 'still' }, RESULT)).toEqual({ said: 'still' });
  });

  test('does not take the place of something that is none', async () => {
    mkdirSync(join(dataDir, 'run'));
    writeFileSync(path, 'a file');
    await expect(controlServer(path, { operations, log }).start()).rejects.toMatchObject({
      code: 'address_in_use',
      message: expect.stringContaining('is no socket'),
    });
  });
});

describe('requests', () => {
  test('are answered in their order, by their ids, over one connection', async () => {
    await served();
    const caller = new Caller();
    caller.socket.write(request(7, 'echo', { say: 'one' }) + request(8, 'refuse') + request(9, 'echo', { say: 'two' }));
    expect(await caller.answers(3)).toEqual([
      { id: 7, result: { said: 'one' } },
      { id: 8, error: { code: 'review_stale', message: 'it has changed', hint: 'Look again.' } },
      { id: 9, result: { said: 'two' } },
    ]);
  });

  test('are answered to a caller that has ended its half', async () => {
    await served();
    const caller = new Caller();
    caller.socket.end(request(1, 'echo', { say: 'last' }));
    expect(await caller.answers(1)).toEqual([{ id: 1, result: { said: 'last' } }]);
  });

  test.each([
    ['no JSON', 'hello\n'],
    ['no request', '{"op":"echo"}\n'],
    ['a member more', '{"id":1,"op":"echo","params":{},"admin":true}\n'],
  ])('%s is told so, and the connection goes on', async (_, text) => {
    await served();
    const caller = new Caller();
    caller.socket.write(text + request(2, 'echo', { say: 'on' }));
    expect(await caller.answers(2)).toMatchObject([
      { id: null, error: { code: 'usage', message: 'this is no request' } },
      { id: 2, result: { said: 'on' } },
    ]);
  });

  test.each(['drop-everything', 'constructor', '__proto__'])('there is no operation %s', async (op) => {
    await served();
    const caller = new Caller();
    caller.socket.write(request(1, op));
    expect(await caller.answers(1)).toMatchObject([
      { id: 1, error: { code: 'usage', hint: 'Operations of this version: echo, refuse, break.' } },
    ]);
  });

  test('wrong parameters are named and not repeated', async () => {
    await served();
    const asked = callGateway(dataDir, 'echo', { say: 'a secret that is far too long' }, RESULT);
    await expect(asked).rejects.toMatchObject({ code: 'usage', message: 'not understood: params.say' });
  });

  test('a fault of the program is told without what it was about', async () => {
    await served();
    await expect(callGateway(dataDir, 'break', {}, RESULT)).rejects.toMatchObject({
      code: 'internal',
      message: 'the gateway failed at this request',
    });
    expect(logged.join()).toContain('SyntaxError');
    expect(logged.join()).not.toContain('secret');
  });

  test('a line without end is cut off', async () => {
    await served();
    const caller = new Caller();
    caller.socket.write(Buffer.alloc(MAX_REQUEST_BYTES + 1, 'a'));
    expect(await caller.answers(1)).toMatchObject([{ id: null, error: { code: 'usage' } }]);
    while (!caller.ended) await caller.answers(2);
  });
});

describe('the command line’s side', () => {
  test('says when something else answers', async () => {
    mkdirSync(join(dataDir, 'run'));
    const other = createServer((socket) => socket.resume().end('220 mail ready\n')).listen(path);
    await new Promise((resolve) => other.once('listening', resolve));
    undo.push(() => new Promise((resolve) => other.close(resolve)));
    await expect(callGateway(dataDir, 'echo', {}, RESULT)).rejects.toThrow(/is not understood/);
  });

  test('says that nothing is known when the answer is missing', async () => {
    mkdirSync(join(dataDir, 'run'));
    const silent = createServer((socket) => socket.resume().end()).listen(path);
    await new Promise((resolve) => silent.once('listening', resolve));
    undo.push(() => new Promise((resolve) => silent.close(resolve)));
    await expect(callGateway(dataDir, 'echo', {}, RESULT)).rejects.toMatchObject({
      code: 'gateway_unreachable',
      hint: expect.stringContaining('not known'),
    });
  });

  test('does not take an answer of another form', async () => {
    await served();
    await expect(callGateway(dataDir, 'echo', { say: 'hello' }, z.object({ heard: z.string() }))).rejects.toThrow(
      /is not understood/,
    );
  });
});
