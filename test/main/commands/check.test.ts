import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.ts';
import { HealthServer } from '../../../src/health/server.ts';
import { checkCommand } from '../../../src/main/commands/check.ts';
import { sourcesOf } from '../../health/facts.ts';

let folder = '';
let server: HealthServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-check-'));
  const access = { isNamed: () => true, viewer: () => null, monitorToken: () => 'a-token-of-monitoring' };
  server = new HealthServer({ url: 'http://127.0.0.1:0', certFile: null, keyFile: null }, sourcesOf(), silentLog, {
    access,
    parts: [],
  });
  await server.start();
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

async function run(...args: string[]) {
  const result = { output: '', code: -1 };
  const io = {
    env: {},
    write: (text: string) => {
      result.output += text;
    },
    exitWith: (code: number) => {
      result.code = code;
    },
  };
  await checkCommand(io).parseAsync(args, { from: 'user' });
  return result;
}

test('with the token of monitoring: OK and performance data on one line', async () => {
  const token = join(folder, 'token');
  writeFileSync(token, 'a-token-of-monitoring\n', { mode: 0o600 });
  const { code, output } = await run('--nagios', '--url', server.url ?? '', '--token-file', token);
  expect(code).toBe(0);
  expect(output).toMatch(/^COUNTERFOIL OK - [^|\n]+ \| pending=\d[^\n]*\n$/);
});

test('who is not let in is told which file to name', async () => {
  const { code, output } = await run('--url', server.url ?? '');
  expect(code).toBe(3);
  expect(output).toMatch(/^COUNTERFOIL UNKNOWN - .*\(401\).*--token-file.*\n$/);
});

test('a gateway that is silent is critical, a question that makes no sense is unknown', async () => {
  const url = server.url ?? '';
  await server.stop();
  expect(await run('--url', url)).toMatchObject({ code: 2, output: expect.stringContaining('ECONNREFUSED') });
  expect(await run('--url', 'nonsense')).toMatchObject({
    code: 3,
    output: expect.stringMatching(/^COUNTERFOIL UNKNOWN/),
  });
});
