/** The commands as processes of their own: what they print, how they end, and what a kill leaves. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { request } from 'undici';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { SampleStream } from '../../../src/demo/pms/check/sample.ts';
import { FAULT_NAMES } from '../../../src/demo/pms/faults.ts';
import { contentDigestOf, PMS_PATHS } from '../../../src/record/wire.ts';

const COMMAND = new URL('../../../src/main/commands/pms.ts', import.meta.url).href;
/** The command line without the rest of the program: errors end it with their own code, as `counterfoil` does. */
const RUN = `import { pmsCommand } from '${COMMAND}';
try { await pmsCommand().parseAsync(process.argv.slice(1), { from: 'user' }); }
catch (error) { process.stderr.write(error.message + '\\n'); process.exitCode = error.exitCode ?? 1; }`;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

class Run {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly #firstLine = Promise.withResolvers<string>();

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, ['--input-type=module', '-e', RUN, '--', ...args], { stdio: 'pipe' });
    onTestFinished(() => void this.child.kill('SIGKILL'));
    let [out, err] = ['', ''];
    this.child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.includes('\n')) this.#firstLine.resolve(out.slice(0, out.indexOf('\n')));
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    this.ended = new Promise((resolve) => this.child.once('close', (code) => resolve({ code, out, err })));
    void this.ended.then(({ err: text }) => this.#firstLine.reject(new Error(`ended without a line: ${text}`)));
    this.#firstLine.promise.catch(() => {});
  }

  async url(): Promise<string> {
    const ready = JSON.parse(await this.#firstLine.promise) as { msg: string; url: string };
    expect(ready.msg).toBe('ready');
    return ready.url;
  }
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pms-command-'));
  return () => rmSync(folder, { recursive: true, force: true });
});

const serve = (...more: string[]) =>
  new Run(['serve', '--url', 'http://127.0.0.1:0', '--db', join(folder, 'pms.db'), ...more]);

async function sendBatch(url: string, batch: object) {
  const body = Buffer.from(JSON.stringify(batch));
  const digest = contentDigestOf(body);
  const headers = { 'content-type': 'application/json', 'content-digest': digest, 'x-idempotency-key': digest };
  const answer = await request(url + PMS_PATHS.sync, { method: 'POST', body, headers });
  return { status: answer.statusCode, text: await answer.body.text() };
}

describe('pms serve', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('prints one line, serves, and ends with 0 on %s', async (name) => {
    const run = serve();
    const url = await run.url();
    expect((await request(url + PMS_PATHS.ping)).statusCode).toBe(200);
    run.child.kill(name);
    const { out, ...end } = await run.ended;
    expect(end).toMatchObject({ code: 0, err: '' });
    const witness_key = expect.stringMatching(/^reference-pms\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/);
    expect(JSON.parse(out)).toEqual({ msg: 'ready', url, witness_key });
  });

  test('has every answered record on disk when it is killed', async () => {
    const run = serve();
    const url = await run.url();
    const stream = new SampleStream('gw-test', Date.UTC(2026, 10, 22));
    const batch = stream.batch([stream.record(1, 'II')], 'II');
    const first = await sendBatch(url, batch);
    run.child.kill('SIGKILL');
    expect((await run.ended).code).toBeNull();
    const database = new Database(join(folder, 'pms.db'), { readonly: true });
    expect(database.prepare('SELECT count(*) AS count FROM records').get()).toEqual({ count: 1 });
    database.close();
    expect(await sendBatch(await serve().url(), batch)).toEqual(first);
  });

  test('takes token, faults and control', async () => {
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'sesame\n', { mode: 0o600 });
    const run = serve(
      '--token-file',
      tokenFile,
      '--fault',
      'slow=1',
      '--fault',
      'error_500@0.5',
      '--control',
      '--seed',
      '7',
    );
    const url = await run.url();
    const state = `${url}/_control/state`;
    expect((await request(state)).statusCode).toBe(401);
    const answer = await request(state, { headers: { authorization: 'Bearer sesame' } });
    expect(await answer.body.json()).toEqual({ faults: ['slow=1', 'error_500@0.5'], records: {} });
  });

  test.each([
    ['an unknown fault', ['--fault', 'dwon'], 2],
    ['an unknown profile', ['--profile', 'maximal'], 2],
    ['an echo that is of no use', ['--echo'], 2],
    ['an option that does not exist', ['--faults', 'down'], 1],
    ['a seed that is none', ['--seed', 'x'], 2],
    ['an address that is none', ['--url', 'nowhere'], 2],
    ['a token file that is missing', ['--token-file', '/nonexistent/token'], 78],
    ['a database that cannot be made', ['--db', '/nonexistent/pms.db'], 74],
  ])('ends at once with %s', async (_what, args, code) => {
    const run = serve(...args);
    const ended = await run.ended;
    expect([ended.code, ended.out]).toEqual([code, '']);
    expect(ended.err).not.toBe('');
  });

  test('wants a token file that only its user can read', async () => {
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'sesame\n');
    chmodSync(tokenFile, 0o644);
    expect((await serve('--token-file', tokenFile).ended).code).toBe(78);
  });

  test('lists the faults, one a line', async () => {
    const { code, out } = await new Run(['serve', '--fault', 'list']).ended;
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n')).toHaveLength(FAULT_NAMES.length);
    expect(out).toMatch(/drop_answer +stores a batch and cuts the connection/);
  });

  test('shows the contract, and serves the minimal profile', async () => {
    const url = await serve().url();
    const contract = await request(`${url}/openapi.json`);
    expect(await contract.body.json()).toMatchObject({ openapi: expect.stringMatching(/^3\.1/) });
    const minimal = await serve('--profile', 'minimal', '--echo', '--db', join(folder, 'minimal.db')).url();
    const { payload, idempotency_key: key } = new SampleStream('gw-test', 0).record(1, 'V');
    const headers = { 'x-idempotency-key': key };
    const answer = await request(minimal + PMS_PATHS.sync, { method: 'POST', body: JSON.stringify(payload), headers });
    expect(await answer.body.json()).toMatchObject({ idempotency_key: key, status: 'accepted' });
  });
});

describe('pms check', () => {
  test('ends with 0 when all rules are met, 1 when some are not, 69 when nobody is there', async () => {
    const run = serve('--control');
    const url = await run.url();
    const good = await new Run(['check', '--url', url]).ended;
    expect([good.code, good.err]).toEqual([0, '']);
    expect(good.out).toContain('hash_mismatch');
    const order = { method: 'POST', body: '{"set":["no_verification"]}' } as const;
    await request(`${url}/_control/fault`, order);
    const bad = await new Run(['check', '--url', url, '--json']).ended;
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.out)).toMatchObject({ url, ok: false });
    run.child.kill('SIGTERM');
    await run.ended;
    expect(await new Run(['check', '--url', url]).ended).toMatchObject({ code: 69, out: '' });
    expect((await new Run(['check', '--url', 'nowhere']).ended).code).toBe(2);
  });

  test('says in its help that it writes records, and wants authorities it can read', async () => {
    expect((await new Run(['check', '--help']).ended).out).toContain('writes test records to that PMS');
    expect((await new Run(['check', '--ca-file', '/nonexistent/ca']).ended).code).toBe(78);
  });
});
