import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.ts';
import { HealthServer } from '../../../src/health/server.ts';
import type { HealthSources } from '../../../src/health/sources.ts';
import { statusCommand } from '../../../src/main/commands/status.ts';
import { sourcesOf, withPending } from '../../health/facts.ts';

let folder = '';
const closers: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-status-'));
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  rmSync(folder, { recursive: true });
});

async function serve(spoilt: Partial<HealthSources> = {}): Promise<string> {
  const server = new HealthServer(
    { url: 'http://127.0.0.1:0', certFile: null, keyFile: null },
    sourcesOf(spoilt),
    silentLog,
  );
  closers.push(() => server.stop());
  await server.start();
  return server.url ?? '';
}

function writeAddresses(content: unknown): void {
  mkdirSync(join(folder, 'data/run'), { recursive: true });
  writeFileSync(join(folder, 'data/run/addresses.json'), JSON.stringify(content));
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const result = { output: '', code: 0 };
  const io = {
    env,
    write: (text: string) => {
      result.output += text;
    },
    exitWith: (code: number) => {
      result.code = code;
    },
  };
  await statusCommand(io).parseAsync(args, { from: 'user' });
  return result;
}

test('a screen for people', async () => {
  const { code, output } = await run(['--url', await serve(withPending('II', 500_000))]);
  expect(code).toBe(0);
  expect(output).toMatch(/^Counterfoil 0\.1\.0, gateway gw-0042, store 0042 .*up 60 min$/m);
  expect(output).toMatch(/^Health {3}warn; lanes are acknowledged$/m);
  expect(output).toMatch(/^Link {5}ONLINE/m);
  expect(output).toMatch(/^ +II +1 +0 +0 +8 min, late$/m);
  expect(output).toMatch(/^Trail {4}WORM: none$/m);
  expect(output).toMatch(/^ +audit: 130 entries, 128 signed 4 s ago, 120 cosigned$/m);
  expect(output).toMatch(/^ {2}warn {2}records:oldestPending \(II\): Record 121 has waited/m);
});

test('a gateway that only starts has a screen too, and exit code 1 while it fails', async () => {
  const url = await serve({ buffer: () => null, link: () => null, streams: () => [], trail: () => null });
  const { code, output } = await run(['--url', `${url}/`]);
  expect(code).toBe(1);
  expect(output).toMatch(/^Health {3}fail; LANES ARE NOT ACKNOWLEDGED$/m);
});

test('JSON for programs', async () => {
  const { output } = await run(['--json', '--url', await serve()]);
  expect(JSON.parse(output)).toMatchObject({ gateway: { id: 'gw-0042' }, health: { status: 'pass' } });
});

test('finds the gateway by data directory and by configuration file', async () => {
  writeAddresses({ mqtt: [], http: [await serve()], pid: process.pid });
  const config = join(folder, 'gateway.yaml');
  writeFileSync(config, 'gateway: {store: "1"}\n');
  for (const [args, env] of [
    [['--data-dir', join(folder, 'data')], {}],
    [['--config', config], {}],
    [[], { COUNTERFOIL_CONFIG: config }],
  ] as const) {
    expect((await run(args, env)).output).toContain('gw-0042');
  }
});

test('says so when no gateway runs there', async () => {
  const byDataDir = () => run(['--data-dir', join(folder, 'data')]);
  const unreachable = (text: string) => ({
    code: 'gateway_unreachable',
    exitCode: 1,
    message: expect.stringContaining(text),
    hint: expect.stringContaining('counterfoil run'),
  });
  await expect(byDataDir()).rejects.toMatchObject(unreachable('no gateway is running'));
  writeAddresses({ half: true });
  await expect(byDataDir()).rejects.toMatchObject(unreachable('cannot be used'));
  // No process has a number above the kernel's largest pid_max, 2^22.
  writeAddresses({ mqtt: [], http: ['http://127.0.0.1:1'], pid: 2 ** 22 + 1 });
  await expect(byDataDir()).rejects.toMatchObject(unreachable('ended without cleaning up'));
  writeAddresses({ mqtt: [], http: [], pid: process.pid });
  await expect(byDataDir()).rejects.toMatchObject(unreachable('serves no HTTP'));
  writeAddresses({ mqtt: [], http: [await freedAddress()], pid: process.pid });
  await expect(byDataDir()).rejects.toMatchObject(unreachable('ECONNREFUSED'));
});

test('says so when something else answers', async () => {
  const other = createServer((_request, response) => response.end('{"hello": "world"}'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => other.close(() => resolve())));
  const { port } = other.address() as AddressInfo;
  await expect(run(['--url', `http://127.0.0.1:${port}`])).rejects.toThrow(/no Counterfoil gateway/);
});

test('asks which gateway, and for an address that is one', async () => {
  await expect(run(['--url', 'nonsense'])).rejects.toMatchObject({ code: 'usage' });
});

/** An address nobody listens on: one that was just given back. */
async function freedAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return `http://127.0.0.1:${port}`;
}
