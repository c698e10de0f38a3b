/** An uploader against an object store that misbehaves in every way it can: what it must say, and what it must never do. */
import { hash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { UploadFaultCode } from '../../../src/archive/upload/faults.ts';
import { Ledger } from '../../../src/archive/upload/ledger.ts';
import { ObjectStore } from '../../../src/archive/upload/object-store.ts';
import { Uploader } from '../../../src/archive/upload/uploader.ts';
import { waitingFiles } from '../../../src/archive/upload/waiting.ts';
import { systemClock, systemTimers } from '../../../src/base/clock.ts';
import { silentLog } from '../../../src/base/log.ts';
import type { TrailBodyOf } from '../../../src/record/trail-kinds.ts';
import { hasOpenssl, selfSigned } from '../../harness/self-signed.ts';

const CONTENT = 'a closed segment\n'.repeat(20_000);
const SHA256 = hash('sha256', CONTENT);
const LOCK = '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>';
const LOCKED = {
  'content-length': String(CONTENT.length),
  'x-amz-meta-sha256': SHA256,
  'x-amz-object-lock-mode': 'COMPLIANCE',
  'x-amz-object-lock-retain-until-date': '2100-01-01T00:00:00Z',
};

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}
/** What the store answers by verb; null: it hangs up. `HEAD` after a PUT is asked as `after`. */
type Script = Partial<Record<'lock' | 'HEAD' | 'PUT' | 'after', Answer | null>>;

const GOOD: Required<Script> = {
  lock: { status: 200, body: LOCK },
  HEAD: { status: 404 },
  PUT: { status: 200, headers: { 'x-amz-version-id': 'v1' } },
  after: { status: 200, headers: LOCKED },
};

let folder: string;
let server: Server;
let script: Script;
let asked: string[];
let told: TrailBodyOf<'upload'>[];
let uploader: Uploader | null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-test-'));
  mkdirSync(join(folder, 'audit'));
  writeFileSync(join(folder, 'audit/s00000000.log'), CONTENT);
  server = createServer((request, response) => void answer(request, response));
  [script, asked, told, uploader] = [{}, [], [], null];
});
afterEach(async () => {
  await uploader?.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const verb = request.url?.includes('?object-lock=') === true ? 'lock' : (request.method as 'HEAD' | 'PUT');
  const about = verb === 'HEAD' && asked.includes('PUT') ? 'after' : verb;
  asked.push(verb);
  for await (const _chunk of request);
  const chosen = script[about] === undefined ? GOOD[about] : script[about];
  if (chosen === null) {
    request.socket.destroy();
    return;
  }
  response.writeHead(chosen.status, chosen.headers);
  response.end(verb === 'HEAD' ? undefined : chosen.body);
}

/** Resolves at the first entry of that step. */
async function uploaded(step: TrailBodyOf<'upload'>['step'], url?: string): Promise<TrailBodyOf<'upload'>> {
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const ledger = Ledger.open(join(folder, 'uploads.json'), 'here', '0badcafe');
  const options = { url: url ?? `http://127.0.0.1:${port}/base`, bucket: 'bucket', region: 'us-east-1' };
  const secrets = { accessKey: 'access', secretKey: 'secret', ca: null };
  const { promise, resolve } = Promise.withResolvers<TrailBodyOf<'upload'>>();
  const paces = { startMs: 0, everyMs: 60_000, retryMs: 1, longestMs: 1, busyPauseMs: 1, busyPauses: 1 };
  uploader = new Uploader(
    { ...paces, prefix: 'gw-0042/', lockYears: 6, bytesPerSecond: 1e9 },
    {
      ledger,
      connect: () => new ObjectStore({ options, secrets, clock: systemClock, timers: systemTimers }),
      waiting: () =>
        waitingFiles({
          trailDir: folder,
          ledger,
          openSegment: (log) => (log === 'audit' ? 1 : null),
          sealedParts: () => [],
        }),
      isBusy: () => false,
      note: async (body) => {
        told.push(body);
        if (body.step === step) resolve(body);
      },
      clock: systemClock,
      timers: systemTimers,
      random: Math.random,
      log: silentLog,
    },
  );
  uploader.start();
  return await promise;
}

/** The entry comes first, then the note in the ledger. */
async function counted(): Promise<void> {
  while (uploader?.facts().waitingFiles !== 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a closed segment goes whole, under its name, and counts once the store shows its hash and its lock', async () => {
  expect(await uploaded('stored')).toMatchObject({ file: 'audit/s00000000.log', already: false, version: 'v1' });
  expect(asked).toEqual(['lock', 'HEAD', 'PUT', 'HEAD']);
  expect(told.map(({ step }) => step)).toEqual(['begin', 'stored']);
  await counted();
  expect(Ledger.open(join(folder, 'uploads.json'), 'here', 'ffffffff').nextSegment('audit')).toBe(1);
});

test('what is there already, locked, is not sent again', async () => {
  script = { HEAD: { status: 200, headers: LOCKED } };
  expect(await uploaded('stored')).toMatchObject({ already: true, version: null });
  expect(asked).toEqual(['lock', 'HEAD']);
});

test('another file of that name is never overwritten, not even at later attempts', async () => {
  script = { HEAD: { status: 200, headers: { ...LOCKED, 'x-amz-meta-sha256': hash('sha256', 'another') } } };
  expect(await uploaded('failed')).toMatchObject({ code: 'other_object', file: 'audit/s00000000.log' });
  while (asked.length < 6) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(asked).not.toContain('PUT');
  expect(told).toHaveLength(1);
  expect(uploader?.facts()).toMatchObject({
    waitingFiles: 1,
    waitingBytes: CONTENT.length,
    fault: { code: 'other_object' },
  });
});

const error = (status: number, code: string): Answer => ({ status, body: `<Error><Code>${code}</Code></Error>` });
const { 'x-amz-object-lock-mode': _, ...UNLOCKED } = LOCKED;

test.each<[string, Script, UploadFaultCode]>([
  [
    'a portal that answers everything with its page',
    { lock: { status: 200, body: '<html>Log in</html>' } },
    'unreachable',
  ],
  ['a bucket without lock', { lock: error(404, 'ObjectLockConfigurationNotFoundError') }, 'no_object_lock'],
  ['a lock that is off', { lock: { status: 200, body: '<ObjectLockConfiguration/>' } }, 'no_object_lock'],
  ['no bucket', { lock: error(404, 'NoSuchBucket') }, 'no_bucket'],
  ['a redirect', { lock: { status: 301, headers: { location: 'http://127.0.0.1:1/' } } }, 'wrong_region'],
  ['a key it does not know', { lock: error(403, 'InvalidAccessKeyId') }, 'credentials'],
  ['a clock that is off', { lock: error(403, 'RequestTimeTooSkewed') }, 'clock_wrong'],
  ['a busy store', { PUT: error(503, 'SlowDown') }, 'store_busy'],
  ['a full store', { PUT: error(403, 'QuotaExceeded') }, 'no_room'],
  ['a refusal', { PUT: error(400, 'InvalidArgument') }, 'refused'],
  ['a store that hangs up', { PUT: null }, 'unreachable'],
  ['an answer without lock', { after: { status: 200, headers: UNLOCKED } }, 'not_locked'],
  [
    'a short lock',
    { after: { status: 200, headers: { ...LOCKED, 'x-amz-object-lock-retain-until-date': '2027-01-01T00:00:00Z' } } },
    'not_locked',
  ],
  ['a file that is gone at once', { after: { status: 404 } }, 'not_locked'],
  [
    'another file after the upload',
    { after: { status: 200, headers: { ...LOCKED, 'content-length': '7' } } },
    'other_object',
  ],
])('%s: told once, tried again, and well when it is well', async (_name, wrong, code) => {
  script = wrong;
  expect(await uploaded('failed')).toMatchObject({ code });
  expect(uploader?.facts().fault).toMatchObject({ code });
  await uploader?.stop();
  expect(told.filter(({ step }) => step === 'failed')).toHaveLength(1);
  expect(told.some(({ step }) => step === 'stored')).toBe(false);

  [script, asked] = [{}, []];
  expect(await uploaded('stored')).toMatchObject({ already: false });
  await counted();
  expect(uploader?.facts()).toMatchObject({ uploadedTotal: 1, waitingFiles: 0, fault: null });
});

test('nobody there', async () => {
  expect(await uploaded('failed', 'http://127.0.0.1:9')).toMatchObject({ code: 'unreachable' });
});

test.skipIf(!hasOpenssl())('a certificate that nobody trusted has issued', async () => {
  const { cert, key } = selfSigned(folder, 'store');
  server = createTlsServer({ cert, key }, (request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  expect(await uploaded('failed', `https://127.0.0.1:${port}`)).toMatchObject({ code: 'certificate_wrong' });
  expect(asked).toEqual([]);
});
