/** How an answer leaves: whole, or in one of the ways in which networks, proxies and tired servers spoil one. */
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

export type Reaction =
  | {
      readonly how: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** An object is sent as JSON, a text as HTML. */
      readonly body?: unknown;
    }
  /** The connection is cut, or stays open without a word. */
  | { readonly how: 'cut' | 'silence' }
  /** The head of the answer comes letter by letter and never ends; the body does. */
  | { readonly how: 'slow_head' | 'drip' }
  /** Half of this body, then the connection is cut. */
  | { readonly how: 'truncated'; readonly body: unknown }
  /** More than anybody should read. */
  | { readonly how: 'oversized' }
  /** A good answer under a content coding, or under a coding or a content type that makes it no answer. */
  | { readonly how: 'gzipped' | 'miscoded' | 'mistyped'; readonly body: unknown };

const DRIP_MS = 25;
const OVERSIZED_BYTES = 9 * 1024 * 1024;
const JSON_TYPE = { 'content-type': 'application/json' } as const;

/** Carries a reaction out; what never ends goes on until the gateway hangs up. */
export function carryOut(reaction: Reaction, response: ServerResponse): void {
  switch (reaction.how) {
    case 'answer':
      answer(response, reaction.status, reaction.headers ?? {}, reaction.body);
      return;
    case 'cut':
      response.socket?.destroy();
      return;
    case 'silence':
      return;
    case 'slow_head':
      drip(response, 'HTTP/1.1 200 OK\r\nX-Slow: ');
      return;
    case 'drip':
      drip(
        response,
        'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{"results":[',
      );
      return;
    case 'truncated': {
      const bytes = Buffer.from(JSON.stringify(reaction.body));
      response.writeHead(200, { ...JSON_TYPE, 'content-length': bytes.length });
      response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.socket?.destroy());
      return;
    }
    case 'oversized':
      response.writeHead(200, JSON_TYPE);
      response.end(`{"results":[],"filler":"${'x'.repeat(OVERSIZED_BYTES)}"}`);
      return;
    case 'gzipped':
      response.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' });
      response.end(gzipSync(JSON.stringify(reaction.body)));
      return;
    case 'miscoded':
      response.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'x-unheard-of' });
      response.end(JSON.stringify(reaction.body));
      return;
    case 'mistyped':
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.end(JSON.stringify(reaction.body));
  }
}

function answer(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): void {
  const text = typeof body === 'string';
  response.writeHead(status, { 'content-type': text ? 'text/html' : 'application/json', ...headers });
  response.end(text ? body : body === undefined ? '' : JSON.stringify(body));
}

function drip(response: ServerResponse, opening: string): void {
  const { socket } = response;
  if (socket === null) return;
  socket.write(opening);
  const timer = setInterval(() => socket.write('x'), DRIP_MS);
  socket.once('close', () => clearInterval(timer));
  // What is written after the gateway has hung up goes nowhere.
  socket.on('error', () => undefined);
}
