/** HTTP requests with something wrong in them. Pure. */
import type { Chance } from './random.ts';

type Mutation = (bytes: Buffer, chance: Chance) => Buffer;

const PATHS = [
  '/',
  '/health',
  '/metrics',
  '/login',
  '/logout',
  '/api/v1/session',
  '/api/v1/sessions/0123456789ab',
  '/api/v1/acts',
  '/api/v1/status',
  '/nothing/here',
] as const;

const HEADERS = [
  'Cookie: counterfoil=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  'Authorization: Bearer marked-bearer',
  'Origin: http://evil.example',
  'Sec-Fetch-Site: cross-site',
  'X-CSRF-Token: marked-csrf',
  'Content-Type: application/json',
  'Content-Type: application/x-www-form-urlencoded',
  'Content-Type: multipart/form-data; boundary=x',
  'Transfer-Encoding: chunked',
  'Expect: 100-continue',
  'Upgrade: h2c',
  'Accept: text/html',
  'Range: bytes=0-99999999999',
  'Content-Length: 99999999999999999999',
  'Host: evil.example',
] as const;

const BODIES = [
  '{"user":"marked-user","password":"marked-password","code":null}',
  '{"break_glass":"MARKED","printed_name":"Marked Name"}',
  '{"__proto__":{"roles":["it"]},"user":"marked-user","password":"x"}',
  'user=marked-user&password=marked-password&code=',
  '--x\r\nContent-Disposition: form-data; name="user"\r\n\r\nmarked-user\r\n--x--',
  '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[',
  '',
] as const;

const put = (bytes: Buffer, at: number, what: Uint8Array) =>
  Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(at)]);

const flipBits: Mutation = (bytes, chance) => {
  const copy = Buffer.from(bytes);
  for (let times = 1 + chance.below(8); times > 0; times--) {
    const at = chance.below(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << chance.below(8));
  }
  return copy;
};
const cutOff: Mutation = (bytes, chance) => bytes.subarray(0, 1 + chance.below(bytes.length));
const cutOut: Mutation = (bytes, chance) => {
  const from = chance.below(bytes.length);
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 1 + chance.below(16))]);
};
const noise: Mutation = (bytes, chance) => put(bytes, chance.below(bytes.length), chance.bytes(1 + chance.below(24)));
const repeat: Mutation = (bytes, chance) => {
  const from = chance.below(bytes.length);
  return put(bytes, from, bytes.subarray(from, from + 1 + chance.below(200)));
};
const token: Mutation = (bytes, chance) =>
  put(
    bytes,
    chance.below(bytes.length),
    Buffer.from(
      chance.pick([
        '\r\n',
        '\r\n\r\n',
        '\n',
        '\0',
        '%00',
        '%0d%0a',
        '../',
        '%2e%2e%2f',
        '?',
        '#',
        '//',
        ': ',
        '\t',
        '"',
      ]),
    ),
  );
const bloat: Mutation = (bytes, chance) =>
  put(bytes, chance.below(bytes.length), Buffer.alloc(1 + chance.below(12_000), chance.pick([0x20, 0x61, 0x5b, 0x0a])));
const MUTATIONS: readonly [Mutation, ...Mutation[]] = [flipBits, cutOff, cutOut, noise, repeat, token, token, bloat];

export interface Mutated {
  readonly bytes: Buffer;
  /** Well formed as HTTP: the gateway ends the connection itself. */
  readonly whole: boolean;
}

/** One request, at most two things wrong with its bytes; never empty. */
export function mutateRequest(chance: Chance): Mutated {
  const method = chance.pick([
    'GET',
    'GET',
    'POST',
    'POST',
    'DELETE',
    'HEAD',
    'PUT',
    'OPTIONS',
    'TRACE',
    'CONNECT',
    'get',
  ]);
  const body = chance.oneIn(2) ? chance.pick(BODIES) : '';
  const version = chance.oneIn(12) ? chance.pick(['HTTP/1.0', 'HTTP/2.0', 'HTTP/1.1 ']) : 'HTTP/1.1';
  const headers: string[] = Array.from({ length: chance.below(5) }, () => chance.pick(HEADERS));
  if (body !== '' && !chance.oneIn(6)) headers.push(`Content-Length: ${Buffer.byteLength(body)}`);
  const lines = [`${method} ${chance.pick(PATHS)} ${version}`, 'Host: 127.0.0.1', 'Connection: close', ...headers];
  let bytes: Buffer = Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
  const times = chance.below(3);
  for (let left = times; left > 0; left--) bytes = chance.pick(MUTATIONS)(bytes, chance);
  return { bytes: bytes.length > 0 ? bytes : Buffer.from('G'), whole: times === 0 };
}
