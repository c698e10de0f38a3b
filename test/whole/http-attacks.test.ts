/** Attacks over HTTP on the real gateway with named users, each with what it must get. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Gateway } from '../harness/gateway.ts';
import { Browser, namedGateway, PASSWORD } from '../harness/named-gateway.ts';
import { rawConnection, rawExchange, untilClosed } from '../harness/raw-http.ts';
import { Scene } from '../harness/scene.ts';
import { entriesOf } from '../harness/trail-entries.ts';

const scene = new Scene();
let gateway: Gateway;
let ivan: Browser;
beforeAll(async () => {
  gateway = await namedGateway(scene, { ivan: ['it'], nora: ['noc'], rita: ['compliance'], victim: ['noc'] });
  ivan = await Browser.loggedIn(gateway, 'ivan');
});
afterAll(() => scene.close());

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
const request = (line: string, ...headers: string[]) => `${[line, 'Host: 127.0.0.1', ...headers].join('\r\n')}\r\n\r\n`;
const ask = (line: string, ...headers: string[]) =>
  rawExchange(gateway.http, request(line, ...headers, 'Connection: close'));

/** After an attack the gateway answers, takes log-ins, and has logged no error. */
async function isUnharmed(): Promise<void> {
  expect((await fetch(`${gateway.http}/readyz`)).status).toBe(200);
  expect(gateway.log.filter(({ level }) => level === 'error')).toEqual([]);
}

test.each([
  '/../../../../etc/passwd',
  '/..%2f..%2f..%2fetc/passwd',
  '/%2e%2e/%2e%2e/etc/passwd',
  '/login.css/../../people.json',
  '/....//....//data/people.json',
  '/login.css%00.html',
  '/\\..\\..\\people.json',
  '//etc/passwd',
  'http://127.0.0.1/../people.json',
])('path traversal: %s', async (path) => {
  for (const headers of [[], [`Cookie: ${ivan.cookie}`]]) {
    const answer = await ask(`GET ${path} HTTP/1.1`, ...headers);
    expect([400, 401, 404]).toContain(statusOf(answer));
    expect(answer).not.toMatch(/root:|verifier|argon/);
  }
});

describe('cross-site request forgery', () => {
  test.each([
    ['another origin', { Origin: 'https://evil.example' }],
    ['the null origin', { Origin: 'null' }],
    ['another port of this host', { Origin: 'http://127.0.0.1:1' }],
    ['a browser that says so', { 'Sec-Fetch-Site': 'cross-site' }],
    ['a sibling', { 'Sec-Fetch-Site': 'same-site' }],
    ['no token', { 'X-CSRF-Token': '' }],
    ['a token of another length', { 'X-CSRF-Token': 'x' }],
  ])('%s', async (_, headers) => {
    const answer = await ivan.send('DELETE', '/api/v1/sessions/000000000000', undefined, headers);
    expect(answer.status).toBe(403);
  });

  test('the token of another session', async () => {
    const other = await Browser.loggedIn(gateway, 'nora');
    const answer = await ivan.send('DELETE', '/api/v1/sessions/000000000000', undefined, {
      'X-CSRF-Token': other.csrf,
    });
    expect(answer.status).toBe(403);
    // With its own it is heard: there is no such session.
    expect((await ivan.send('DELETE', '/api/v1/sessions/000000000000')).status).toBe(404);
  });

  test('log-in by a form of another site, which would put a victim into the attacker’s session', async () => {
    const body = new URLSearchParams({ user: 'ivan', password: PASSWORD, code: '' });
    const headers = { Origin: 'https://evil.example' };
    const answer = await fetch(`${gateway.http}/login`, { method: 'POST', body, headers, redirect: 'manual' });
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([403, null]);
  });

  test('JSON in the clothes of a form', async () => {
    const body = JSON.stringify({ user: 'ivan', password: PASSWORD });
    const headers = { 'Content-Type': 'text/plain' };
    expect((await fetch(`${gateway.http}/api/v1/session`, { method: 'POST', body, headers })).status).toBe(415);
  });

  test('no page may read across sites: nothing allows it', async () => {
    const answer = await ivan.send('GET', '/api/v1/session', undefined, { Origin: 'https://evil.example' });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin');
  });
});

test('session fixation: a token that was brought along is never taken, and an old session ends at a log-in', async () => {
  const browser = new Browser(gateway);
  browser.cookie = `counterfoil=${'A'.repeat(43)}`;
  await browser.logIn('nora', PASSWORD);
  expect(browser.cookie).not.toContain('A'.repeat(43));
  const before = browser.cookie;
  expect((await browser.logIn('nora', PASSWORD)).status).toBe(201);
  expect(browser.cookie).not.toBe(before);
  browser.cookie = before;
  expect((await browser.get('/api/v1/session')).status).toBe(401);
});

test('cookies that are none', async () => {
  for (const cookie of [
    'counterfoil=',
    'counterfoil=__proto__',
    `counterfoil=${'x'.repeat(4000)}`,
    'counterfoil="; a=',
  ]) {
    expect(statusOf(await ask('GET /api/v1/session HTTP/1.1', `Cookie: ${cookie}`))).toBe(401);
  }
});

test('brute force: locked after five, told with a wait, and not by the right password either', async () => {
  const browser = new Browser(gateway);
  const statuses: number[] = [];
  for (let i = 0; i < 6; i++) statuses.push((await browser.logIn('victim', `wrong guess ${i}`)).status);
  expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
  const right = await browser.logIn('victim', PASSWORD);
  expect(right.status).toBe(429);
  expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(0);
  const { body } = await gateway.get('/health');
  expect(JSON.stringify(body)).toContain('Somebody guesses at passwords');
  // A name there is and one there is not are answered alike.
  expect(await (await browser.logIn('nobody', 'wrong guess')).json()).toMatchObject({ fault: 'wrong' });
});

describe('bodies', () => {
  const post = (path: string, body: string, ...headers: string[]) =>
    rawExchange(
      gateway.http,
      `${request(`POST ${path} HTTP/1.1`, 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close', ...headers)}${body}`,
    );

  test('too large, without a length, or where none belongs: refused unread', async () => {
    const say = (...headers: string[]) =>
      ask('POST /api/v1/session HTTP/1.1', 'Content-Type: application/json', ...headers);
    expect(statusOf(await say('Content-Length: 999999999'))).toBe(413);
    expect(statusOf(await say('Transfer-Encoding: chunked'))).toBe(411);
    expect(statusOf(await ask('GET /health HTTP/1.1', 'Content-Length: 5'))).toBe(413);
    expect(statusOf(await ask('POST /health HTTP/1.1', 'Content-Length: 0'))).toBe(405);
    await isUnharmed();
  });

  test('a form of another kind, or one that ends in the middle', async () => {
    const parts = '--x\r\nContent-Disposition: form-data; name="user"\r\n\r\nivan\r\n--x--';
    const form = (type: string, length: number, body: string) =>
      rawExchange(
        gateway.http,
        `${request('POST /login HTTP/1.1', `Content-Type: ${type}`, `Content-Length: ${length}`, 'Connection: close')}${body}`,
      );
    expect(statusOf(await form('multipart/form-data; boundary=x', parts.length, parts))).toBe(415);
    expect(statusOf(await form('multipart/form-data', parts.length, parts))).toBe(415);
    const cut = rawConnection(gateway.http);
    cut.end(
      `${request('POST /login HTTP/1.1', 'Content-Type: application/x-www-form-urlencoded', 'Content-Length: 100')}user=`,
    );
    await untilClosed(cut);
    await isUnharmed();
  });

  test('two lengths, or a length and chunks (request smuggling)', async () => {
    const say = (...headers: string[]) => ask('POST /api/v1/session HTTP/1.1', ...headers);
    expect(statusOf(await say('Content-Length: 5', 'Content-Length: 6'))).toBe(400);
    expect(statusOf(await say('Content-Length: 5', 'Transfer-Encoding: chunked'))).toBe(400);
  });

  test.each([
    ['nested deep', '['.repeat(8000)],
    ['nested deep and closed', `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`],
    ['a prototype', '{"user":"ivan","password":"x","__proto__":{"roles":["it"]}}'],
    ['a constructor', '{"user":"ivan","password":"x","constructor":{"prototype":{"roles":["it"]}}}'],
    ['a member twice', '{"user":"nora","user":"ivan","password":"x"}'],
    ['lists for texts', '{"user":["ivan"],"password":{"$ne":null}}'],
    ['nothing', ''],
    ['no JSON', '\u0000\u0001{'],
  ])('%s', async (_, body) => {
    expect(statusOf(await post('/api/v1/session', body))).toBe(400);
    const { roles } = (await (await ivan.get('/api/v1/session')).json()) as { roles: string[] };
    expect(roles).toEqual(['it']);
    await isUnharmed();
  });
});

test('header injection: what is typed comes back in no header, and line ends in it are refused', async () => {
  const evil = 'x\r\nSet-Cookie: evil=1';
  const answer = await new Browser(gateway).logIn(evil, evil);
  expect([answer.status, answer.headers.get('set-cookie')]).toEqual([401, null]);
  const raw = await ask('GET /login%0d%0aSet-Cookie:%20evil=1 HTTP/1.1', 'X: a\rSet-Cookie: evil=1');
  expect(raw).not.toMatch(/^set-cookie/im);
});

test('log injection: every line of the log stays one JSON object, and repeats nothing that was typed', async () => {
  const evil = 'eve\n{"level":"info","msg":"forged"}\u001b[2J';
  await new Browser(gateway).logIn(evil, evil);
  await ask('GET /%0a%7b%22msg%22:%22forged%22%7d HTTP/1.1', 'User-Agent: \u001b]0;forged');
  expect(gateway.output).not.toContain('forged');
  expect(gateway.output).not.toContain('\u001b');
  for (const line of gateway.output.split('\n')) expect(() => JSON.parse(line)).not.toThrow();
  await new Promise((resolve) => setImmediate(resolve));
  expect(JSON.stringify(entriesOf(gateway.bufferFile, 'login_refused'))).not.toMatch(/forged|eve/);
});

test('roles: what is not yours is refused, whatever the path is written like', async () => {
  const nora = await Browser.loggedIn(gateway, 'nora');
  for (const path of [
    '/api/v1/sessions',
    '/api/v1/%73essions',
    '/api/v1//sessions',
    '/API/v1/sessions',
    '/api/v1/sessions/',
  ]) {
    expect([403, 404], path).toContain((await nora.get(path)).status);
  }
  const act = { act_id: randomUUID(), step: 'dismiss', subjects: [], meaning: 'x', password: PASSWORD };
  expect((await nora.send('POST', '/api/v1/acts', act)).status).toBe(403);
  expect((await new Browser(gateway).send('POST', '/api/v1/acts', act)).status).toBe(401);
});

test('slow loris: a client that sends a byte now and then is cut off, and others are served meanwhile', async () => {
  const slow = Array.from({ length: 30 }, () => rawConnection(gateway.http));
  const ends = slow.map((socket) => untilClosed(socket));
  for (const socket of slow) socket.write('GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ');
  const drip = setInterval(() => {
    for (const socket of slow) if (socket.writable) socket.write('a');
  }, 200);
  try {
    expect((await fetch(`${gateway.http}/livez`)).status).toBe(200);
    for (const answer of await Promise.all(ends)) expect(answer === '' || statusOf(answer) === 408).toBe(true);
  } finally {
    clearInterval(drip);
  }
  await isUnharmed();
});

test('one address cannot take all connections', async () => {
  const many = Array.from({ length: 60 }, () => rawConnection(gateway.http));
  const refused = many.map(
    (socket) => new Promise<boolean>((resolve) => socket.on('error', () => {}).on('close', () => resolve(true))),
  );
  const some = await Promise.race(refused);
  expect(some).toBe(true);
  for (const socket of many) socket.destroy();
  await Promise.all(refused);
  await isUnharmed();
});
