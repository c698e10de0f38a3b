/**
 * A PMS that does what the test says: a real HTTP server whose answer to each request is a function the test can change at
 * any time. `StrictLedger` gives the answers of a good one, in stream order.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { PMS_PATHS } from '../../src/record/wire.ts';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** As on the wire. */
  readonly raw: Buffer;
  /** After gzip or zstd. */
  readonly body: Buffer;
  /** The parsed body; undefined when there is none. */
  readonly json: unknown;
}

export type Answer =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** An object is sent as JSON, a text as HTML. */
      readonly body?: unknown;
    }
  /** Cut the connection without an answer, or say nothing for ever. */
  | 'cut'
  | 'hang'
  /** Whatever else a server can do with its answer. */
  | ((response: ServerResponse) => void);

export type Script = (seen: Seen) => Answer | Promise<Answer>;

export class ScriptedPms {
  readonly seen: Seen[] = [];
  script: Script;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #watchers = new Set<() => void>();

  constructor(script: Script) {
    this.script = script;
    this.#server = createServer((request, response) => {
      void this.#serve(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(script: Script): Promise<ScriptedPms> {
    const pms = new ScriptedPms(script);
    await pms.listen();
    return pms;
  }

  async listen(port = 0): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Resolves when `holds` does; looked at after every request has been read. */
  until(holds: (seen: readonly Seen[]) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds(this.seen)) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** Requests to the sync path. */
  get batches(): Seen[] {
    return this.seen.filter((seen) => seen.path === PMS_PATHS.sync);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    const body = decode(raw, request.headers['content-encoding']);
    const seen: Seen = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      raw,
      body,
      json: body.length === 0 ? undefined : JSON.parse(body.toString('utf8')),
    };
    this.seen.push(seen);
    for (const look of [...this.#watchers]) look();
    const answer = await this.script(seen);
    if (answer === 'hang') return;
    if (answer === 'cut') {
      request.socket.destroy();
      return;
    }
    if (typeof answer === 'function') {
      answer(response);
      return;
    }
    const text = typeof answer.body === 'string';
    const type = text ? 'text/html' : 'application/json';
    response.writeHead(answer.status, { 'content-type': type, ...answer.headers });
    response.end(text ? answer.body : JSON.stringify(answer.body ?? null));
  }
}

function decode(raw: Buffer, coding: string | undefined): Buffer {
  if (coding === 'gzip') return gunzipSync(raw);
  return coding === 'zstd' ? zstdDecompressSync(raw) : raw;
}

/** A record or marker of a batch, as far as scripts look at it. */
export interface SentEntry {
  readonly stream_sequence: number;
  readonly sequence: number;
  readonly idempotency_key?: string;
  readonly payload_hash: string;
  readonly schedule?: string;
  readonly gap?: string;
}

export interface SentBatch {
  readonly stream: string;
  readonly first_sequence: number;
  readonly records: readonly SentEntry[];
}

export const batchIn = (seen: Seen): SentBatch => seen.json as SentBatch;

/** A good PMS's word on one entry. */
export function acceptedResult(entry: SentEntry, status = 'accepted'): Record<string, unknown> {
  const { stream_sequence, idempotency_key, payload_hash } = entry;
  if (entry.gap !== undefined) return { stream_sequence, payload_hash, status: 'noted' };
  const verification =
    entry.schedule === 'II'
      ? { status: 'verified', payload_hash, verifier_id: 'V-1', verified_at_utc: '2026-11-22T09:03:00Z' }
      : undefined;
  return { stream_sequence, idempotency_key, payload_hash, status, pms_id: `P${entry.sequence}`, verification };
}

/** 200 with these results. */
export const answerWith = (results: readonly unknown[]): Answer => ({ status: 200, body: { results } });

/** Every entry accepted, whatever the order. */
export const acceptAll: Script = (seen) => answerWith(batchIn(seen).records.map((entry) => acceptedResult(entry)));

/** What a good PMS remembers: the next number of each stream, and the keys it holds with their hash. */
export class StrictLedger {
  readonly next = new Map<string, number>();
  readonly held = new Map<string, string>();
  /** Numbers used up by markers. */
  readonly gaps: number[] = [];

  /** Answers batches in order and look-ups; the ping too. */
  readonly script: Script = (seen) => {
    if (seen.path === PMS_PATHS.ping)
      return { status: 200, body: { status: 'ok', time_utc: new Date().toISOString() } };
    if (seen.path === PMS_PATHS.lookup) return this.#lookup(seen);
    return this.take(batchIn(seen));
  };

  take(batch: SentBatch): Answer {
    const expected = this.next.get(batch.stream) ?? 1;
    if (batch.first_sequence !== expected) return { status: 409, body: { expected_sequence: expected } };
    this.next.set(batch.stream, expected + batch.records.length);
    return answerWith(batch.records.map((entry) => this.#one(entry)));
  }

  #one(entry: SentEntry): unknown {
    if (entry.idempotency_key === undefined) {
      this.gaps.push(entry.stream_sequence);
      return acceptedResult(entry);
    }
    const known = this.held.has(entry.idempotency_key);
    this.held.set(entry.idempotency_key, entry.payload_hash);
    return acceptedResult(entry, known ? 'duplicate' : 'accepted');
  }

  #lookup(seen: Seen): Answer {
    const { keys } = seen.json as { keys: string[] };
    return answerWith(keys.map((key) => this.#held(key)));
  }

  #held(key: string): unknown {
    const payload_hash = this.held.get(key);
    if (payload_hash === undefined) return { idempotency_key: key, status: 'unknown' };
    const verification = {
      status: 'verified',
      payload_hash,
      verifier_id: 'V-1',
      verified_at_utc: '2026-11-22T09:03:00Z',
    };
    return { idempotency_key: key, status: 'accepted', payload_hash, verification };
  }
}
