/**
 * A PMS that costs next to nothing: it keeps the order of each stream and answers every record by the wire's rules, but
 * only counts what it took. For measurements in which the reference PMS, which shares the machine with the gateway and
 * writes every record to a file of its own, would be what is measured. Argument: the address to
 * listen on. Prints a "ready" line; ends on SIGTERM.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib';
import { PMS_PATHS } from '../../src/record/wire.ts';

interface Entry {
  readonly stream_sequence: number;
  readonly idempotency_key: string;
  readonly payload_hash: string;
  readonly dual_verification?: boolean;
}

interface Body {
  readonly gateway_id: string;
  readonly epoch: string;
  readonly stream: string;
  readonly records: readonly Entry[];
}

const decoders = { gzip: promisify(gunzip), zstd: promisify(zstdDecompress) };
const encoders = { gzip: promisify(gzip), zstd: promisify(zstdCompress) };
/** Next number of each stream. */
const expected = new Map<string, number>();
let held = 0;

function codingOf(header: string | string[] | undefined): 'gzip' | 'zstd' | null {
  const text = String(header ?? '');
  if (text.includes('zstd')) return 'zstd';
  return text.includes('gzip') ? 'gzip' : null;
}

async function bodyOf(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const received = Buffer.concat(chunks);
  const coding = codingOf(request.headers['content-encoding']);
  const bytes = coding === null ? received : await decoders[coding](received);
  return JSON.parse(bytes.toString());
}

/** What came before is answered again and not counted; what skips a number is not taken. */
function take(body: Body): { status: number; answer: object } {
  const name = `${body.gateway_id} ${body.epoch} ${body.stream}`;
  const next = expected.get(name) ?? 1;
  const first = body.records[0]?.stream_sequence ?? next;
  if (first > next) return { status: 409, answer: { expected_sequence: next } };
  const end = first + body.records.length;
  held += Math.max(0, end - next);
  expected.set(name, Math.max(next, end));
  const verified_at_utc = new Date().toISOString();
  const results = body.records.map((entry) => resultOf(entry, verified_at_utc));
  return { status: 200, answer: { results, cosignature: null } };
}

/** As long as the reference PMS's, so that the bytes on the wire are the same. */
function resultOf(
  { stream_sequence, idempotency_key, payload_hash, dual_verification }: Entry,
  verified_at_utc: string,
) {
  const pms_id = `pms-${String(stream_sequence).padStart(12, '0')}`;
  const result = { stream_sequence, idempotency_key, payload_hash, status: 'accepted', pms_id };
  if (dual_verification !== true) return result;
  return {
    ...result,
    verification: { status: 'verified', payload_hash, verifier_id: 'reference-pms', verified_at_utc },
  };
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === PMS_PATHS.ping) {
    send(response, 200, null, Buffer.from(JSON.stringify({ status: 'ok', time_utc: new Date().toISOString() })));
  } else if (request.url === PMS_PATHS.sync) {
    const { status, answer } = take(await bodyOf(request));
    const coding = codingOf(request.headers['accept-encoding']);
    const text = Buffer.from(JSON.stringify(answer));
    send(response, status, coding, coding === null ? text : await encoders[coding](text));
  } else if (request.url === '/count') {
    send(response, 200, null, Buffer.from(String(held)));
  } else {
    response.writeHead(404).end();
  }
}

function send(response: ServerResponse, status: number, coding: string | null, bytes: Buffer): void {
  const encoding = coding === null ? {} : { 'content-encoding': coding };
  const headers = {
    'content-type': 'application/json',
    'content-length': bytes.length,
    'accept-encoding': 'gzip, zstd',
  };
  response.writeHead(status, { ...headers, ...encoding }).end(bytes);
}

const server = createServer((request, response) => {
  serve(request, response).catch((error: unknown) => {
    process.stderr.write(`light PMS: ${error instanceof Error ? error.message : String(error)}\n`);
    response.destroy();
  });
});
const host = process.argv[2] ?? '127.0.0.1';
server.listen(0, host, () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ msg: 'ready', url: `http://${host}:${port}` })}\n`);
});
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
