/**
 * The connections to the PMS: an undici Agent of our own for each stream, HTTP/1.1, keep-alive, no redirects, answers
 * bounded in size and time. It reports what came back and judges nothing.
 *
 * The streams share no connection: TCP has learnt on the standard stream's how fast the line is, and one that has carried
 * single records only would begin a large body as if it knew nothing, faster or slower than the line.
 */
import { Readable } from 'node:stream';
import { Agent, errors } from 'undici';
import type { Timers } from '../base/clock.ts';
import { STREAMS, type Stream } from '../record/types.ts';
import { ACCEPTED, decode } from './coding.ts';
import { type Hold, heldBody } from './hold.ts';
import type { Coding, SyncOptions } from './options.ts';
import type { Reply } from './outcome.ts';

/** TCP keep-alive: how long a connection may be idle before the kernel probes it. */
const TCP_KEEP_ALIVE_MS = 15_000;

export interface Content {
  readonly stream: Stream;
  readonly bytes: Buffer;
  readonly coding: Coding;
  readonly headers: Readonly<Record<string, string>>;
  /** Keeps the end of the body back until it is decided; null sends it as it is. */
  readonly hold: Hold | null;
}

export type UpstreamOptions = Pick<
  SyncOptions,
  'pmsUrl' | 'connectTimeoutMs' | 'requestTimeoutMs' | 'maxAnswerBytes' | 'tls'
>;

export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #timers: Timers;
  readonly #running = new Set<AbortController>();
  readonly #agents = new Map<Stream, Agent>();
  #open = false;

  constructor(options: UpstreamOptions, timers: Timers) {
    this.#options = options;
    this.#timers = timers;
  }

  start(): void {
    this.#open = true;
    for (const stream of STREAMS) this.#agents.set(stream, this.#newAgent());
  }

  #newAgent(): Agent {
    const { connectTimeoutMs, requestTimeoutMs, tls } = this.#options;
    return new Agent({
      // HTTP/2 would put both streams on one TCP connection, and a lost packet of one would hold up Schedule II.
      allowH2: false,
      pipelining: 1,
      headersTimeout: requestTimeoutMs,
      bodyTimeout: requestTimeoutMs,
      connect: {
        timeout: connectTimeoutMs,
        keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
        // Said here, so that no variable of the environment can take it away.
        rejectUnauthorized: true,
        ...(tls?.ca == null ? {} : { ca: tls.ca }),
        ...(tls?.cert == null ? {} : { cert: tls.cert }),
        ...(tls?.key == null ? {} : { key: tls.key }),
      },
    });
  }

  /** Breaks off what is running; those requests answer `stopped`. */
  async stop(): Promise<void> {
    this.breakOff();
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  /** The same without closing; until the next start nothing more goes out. */
  breakOff(): void {
    this.#open = false;
    for (const controller of this.#running) controller.abort();
  }

  /** Never throws: whatever goes wrong is a `fault`. `path` starts with a slash and is put behind the base address. */
  async post(path: string, content: Content): Promise<Reply> {
    const agent = this.#agents.get(content.stream);
    if (agent === undefined || !this.#open) return { kind: 'fault', fault: 'stopped' };
    const controller = new AbortController();
    let fault: 'stopped' | 'timed_out' | 'withdrawn' = 'stopped';
    const abort = (because: typeof fault) => {
      fault = because;
      controller.abort();
    };
    const clock = () => this.#timers.after(this.#options.requestTimeoutMs, () => abort('timed_out'));
    let over = false;
    let cancel = content.hold === null ? clock() : () => {};
    // What is held back has its time from when it may go.
    void content.hold?.decided.then((goes) => {
      if (!goes) abort('withdrawn');
      else if (!over) cancel = clock();
    });
    this.#running.add(controller);
    try {
      return await this.#exchange(agent, path, content, controller.signal);
    } catch (error) {
      return { kind: 'fault', fault: controller.signal.aborted ? fault : faultOf(error) };
    } finally {
      over = true;
      cancel();
      this.#running.delete(controller);
    }
  }

  async #exchange(agent: Agent, path: string, content: Content, signal: AbortSignal): Promise<Reply> {
    const base = new URL(this.#options.pmsUrl);
    const response = await agent.request({
      origin: base.origin,
      path: base.pathname.replace(/\/+$/, '') + path,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'accept-encoding': ACCEPTED,
        'user-agent': 'counterfoil',
        ...(content.coding === 'identity' ? {} : { 'content-encoding': content.coding }),
        'content-length': String(content.bytes.length),
        ...content.headers,
      },
      body: content.hold === null ? content.bytes : Readable.from(heldBody(content.bytes, content.hold)),
      signal,
    });
    const { statusCode: status, headers, body } = response;
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body) {
      bytes += chunk.length;
      // Leaving the loop destroys the body and with it the connection.
      if (bytes > this.#options.maxAnswerBytes) return { kind: 'fault', fault: 'answer_too_large' };
      chunks.push(chunk);
    }
    const unpacked = await decode(
      Buffer.concat(chunks),
      textOf(headers['content-encoding']),
      this.#options.maxAnswerBytes,
    );
    if (unpacked === 'too_large') return { kind: 'fault', fault: 'answer_too_large' };
    const json = unpacked === 'unreadable' ? undefined : jsonOf(textOf(headers['content-type']), unpacked);
    return {
      kind: 'reply',
      status,
      retryAfter: textOf(headers['retry-after']),
      accepts: textOf(headers['accept-encoding']),
      location: originOf(textOf(headers.location), base),
      page: /^(text\/html|application\/xhtml\+xml)\s*(;|$)/i.test(textOf(headers['content-type']) ?? ''),
      json,
    };
  }
}

function textOf(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  return typeof header === 'string' ? header : header.join(', ');
}

/** Only the origin: the rest of an address may carry a secret of somebody else's. */
function originOf(location: string | null, base: URL): string | null {
  return location !== null && URL.canParse(location, base.href) ? new URL(location, base).origin : null;
}

function jsonOf(type: string | null, bytes: Buffer): unknown {
  if (!/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(type ?? '')) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return value;
  } catch {
    return undefined;
  }
}

function faultOf(error: unknown): 'not_connected' | 'timed_out' | 'broken_off' {
  if (error instanceof errors.ConnectTimeoutError) return 'not_connected';
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError) return 'timed_out';
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const before = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN'];
  return typeof code === 'string' && before.includes(code) ? 'not_connected' : 'broken_off';
}
