/** The checking gateway's side of the wire: requests as a careful gateway makes them, with each part open to change. */
import { hash } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Agent, request } from 'undici';
import type { Clock, Timers } from '../../../base/clock.ts';
import { CounterfoilError, messageOf } from '../../../base/errors.ts';
import { contentDigestOf, PMS_PATHS } from '../../../record/wire.ts';
import { CONTRACT_LIMITS } from '../openapi/prose.ts';
import { type TlsFacts, tlsFacts } from './tls.ts';

export interface PeerAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The parsed JSON, undefined when the body is none. */
  readonly body: unknown;
  readonly text: string;
  /** From the request to the last byte of the answer. */
  readonly durationMs: number;
}

/** What may differ from a proper request. */
export interface Variation {
  /** Key of the batch; default: derived from its bytes. */
  readonly batchKey?: string;
  readonly coding?: 'gzip' | 'zstd';
  /** A coding named in the header without being used. */
  readonly claimedCoding?: string;
  /** In place of the right Content-Digest. */
  readonly digest?: string;
  /** In place of the configured token; null sends none. */
  readonly token?: string | null;
  /** What is special about the request, for the report. */
  readonly note?: string;
}

/** The latest request and what came of it, in words, for a report. */
export interface Exchange {
  readonly sent: string;
  readonly came: string;
}

export interface PeerOptions {
  /** The PMS as a gateway is told it, a path before `/api/v1` included. */
  readonly url: string;
  readonly token: string | null;
  /** PEM authorities to trust instead of the system's. */
  readonly ca: string | null;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** For a whole request. */
const TIMEOUT_MS = CONTRACT_LIMITS.syncMs;
/** Of a strange answer that much is shown. */
const SHOWN_CHARACTERS = 300;

export class Peer {
  readonly #options: PeerOptions;
  readonly #baseUrl: string;
  readonly #agent: Agent;
  #last: Exchange | null = null;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#baseUrl = options.url.replace(/\/+$/, '');
    this.#agent = new Agent({
      allowH2: false,
      connect: { timeout: TIMEOUT_MS, ...(options.ca === null ? {} : { ca: options.ca }) },
    });
  }

  get hasToken(): boolean {
    return this.#options.token !== null;
  }

  /** The latest exchange since it was asked for last. */
  takeLast(): Exchange | null {
    const last = this.#last;
    this.#last = null;
    return last;
  }

  async ping(): Promise<PeerAnswer> {
    return await this.#send('GET', PMS_PATHS.ping, null, this.#authorization({}), '');
  }

  /** Sends a batch. */
  async sync(batch: object, variation: Variation = {}): Promise<PeerAnswer> {
    return await this.syncBytes(Buffer.from(JSON.stringify(batch)), variation, describeBatch(batch));
  }

  /** Sends these JSON bytes, or what should be, as a batch. */
  async syncBytes(plain: Buffer, variation: Variation = {}, what = ''): Promise<PeerAnswer> {
    const bytes = encoded(plain, variation.coding);
    const coding = variation.claimedCoding ?? variation.coding;
    const headers = {
      ...this.#authorization(variation),
      ...(coding === undefined ? {} : { 'content-encoding': coding }),
      'x-idempotency-key': variation.batchKey ?? hash('sha256', plain, 'hex'),
      'content-digest': variation.digest ?? contentDigestOf(bytes),
    };
    const details = [what, variation.note ?? '', coding === undefined ? '' : `Content-Encoding: ${coding}`];
    return await this.#send('POST', PMS_PATHS.sync, bytes, headers, details.filter((each) => each !== '').join(', '));
  }

  async lookup(gatewayId: string, keys: readonly string[], variation: Variation = {}): Promise<PeerAnswer> {
    const bytes = Buffer.from(JSON.stringify({ gateway_id: gatewayId, keys }));
    const headers = { ...this.#authorization(variation), 'content-digest': contentDigestOf(bytes) };
    const what = [`${keys.length} keys of ${gatewayId}`, variation.note ?? ''].filter((each) => each !== '').join(', ');
    return await this.#send('POST', PMS_PATHS.lookup, bytes, headers, what);
  }

  /** Facts about the TLS connection; null for an address that says http. */
  async tls(): Promise<TlsFacts | null> {
    return await tlsFacts(new URL(this.#baseUrl), this.#options.ca, TIMEOUT_MS);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #authorization(variation: Variation): Record<string, string> {
    const token = variation.token === undefined ? this.#options.token : variation.token;
    return token === null ? {} : { authorization: `Bearer ${token}` };
  }

  /** @throws CounterfoilError `pms_unavailable` when there is no usable answer at all. */
  async #send(
    method: 'GET' | 'POST',
    path: string,
    body: Buffer | null,
    headers: Record<string, string>,
    what: string,
  ): Promise<PeerAnswer> {
    const sent = `${method} ${path}${what === '' ? '' : `: ${what}`}`;
    const type = body === null ? {} : { 'content-type': 'application/json' };
    const startedMs = this.#options.clock.monotonicMs();
    const late = new AbortController();
    const cancel = this.#options.timers.after(TIMEOUT_MS, () => late.abort());
    try {
      const answer = await request(this.#baseUrl + path, {
        method,
        body,
        headers: { accept: 'application/json', 'user-agent': 'counterfoil-check', ...type, ...headers },
        dispatcher: this.#agent,
        signal: late.signal,
      });
      const text = await readAnswer(answer.body);
      this.#last = { sent, came: `${answer.statusCode} ${shown(text)}` };
      const durationMs = this.#options.clock.monotonicMs() - startedMs;
      return { status: answer.statusCode, headers: answer.headers, body: parsed(text), text, durationMs };
    } catch (error) {
      const why = late.signal.aborted ? `nothing complete within ${TIMEOUT_MS / 1000} s` : messageOf(error);
      this.#last = { sent, came: `no answer: ${why}` };
      const hint = 'check the address, that the PMS is running, and that nothing in between cuts the connection';
      throw new CounterfoilError('pms_unavailable', `no answer from the PMS: ${why}`, hint, error);
    } finally {
      cancel();
    }
  }
}

function describeBatch(batch: object): string {
  const { stream, records } = batch as { readonly stream?: unknown; readonly records?: unknown };
  const entries = Array.isArray(records) ? records : [];
  const numbers = entries.map((entry: { stream_sequence?: unknown }) => Number(entry.stream_sequence));
  const range = numbers.length > 3 ? `${numbers[0]} to ${numbers.at(-1)}` : numbers.join(', ');
  return `stream ${String(stream)}, stream_sequence ${range}`;
}

function shown(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= SHOWN_CHARACTERS ? line : `${line.slice(0, SHOWN_CHARACTERS)}…`;
}

function encoded(plain: Buffer, coding: Variation['coding']): Buffer {
  if (coding === undefined) return plain;
  return coding === 'gzip' ? gzipSync(plain) : zstdCompressSync(plain);
}

async function readAnswer(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > CONTRACT_LIMITS.maxAnswerBytes) {
      throw new Error(`the answer is longer than ${CONTRACT_LIMITS.maxAnswerBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
