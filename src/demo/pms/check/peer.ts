/** The checking gateway's side of the wire: requests as a careful gateway makes them, with each part open to change. */
import { hash } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Agent, request } from 'undici';
import { CounterfoilError, messageOf } from '../../../base/errors.ts';
import { contentDigestOf, PMS_PATHS } from '../../../record/wire.ts';

export interface PeerAnswer {
  readonly status: number;
  /** The parsed JSON, undefined when the body is none. */
  readonly body: unknown;
  readonly text: string;
}

/** What may differ from a proper request. */
export interface Variation {
  /** Key of the batch; default: derived from its bytes. */
  readonly batchKey?: string;
  readonly coding?: 'gzip' | 'zstd';
  /** In place of the right Content-Digest. */
  readonly digest?: string;
  /** In place of the configured token; null sends none. */
  readonly token?: string | null;
}

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

export class Peer {
  readonly #baseUrl: string;
  readonly #token: string | null;
  readonly #agent = new Agent({ connectTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });

  /** @param baseUrl the PMS as a gateway is told it, a path before `/api/v1` included. */
  constructor(baseUrl: string, token: string | null) {
    this.#baseUrl = baseUrl.replace(/\/+$/, '');
    this.#token = token;
  }

  get hasToken(): boolean {
    return this.#token !== null;
  }

  async ping(): Promise<PeerAnswer> {
    return await this.#send('GET', PMS_PATHS.ping, null, this.#authorization(this.#token));
  }

  /** Sends a batch. */
  async sync(batch: object, variation: Variation = {}): Promise<PeerAnswer> {
    const plain = Buffer.from(JSON.stringify(batch));
    const bytes = encoded(plain, variation.coding);
    const headers = {
      ...this.#authorization(variation.token === undefined ? this.#token : variation.token),
      ...(variation.coding === undefined ? {} : { 'content-encoding': variation.coding }),
      'x-idempotency-key': variation.batchKey ?? hash('sha256', plain, 'hex'),
      'content-digest': variation.digest ?? contentDigestOf(bytes),
    };
    return await this.#send('POST', PMS_PATHS.sync, bytes, headers);
  }

  async lookup(gatewayId: string, keys: readonly string[], variation: Variation = {}): Promise<PeerAnswer> {
    const bytes = Buffer.from(JSON.stringify({ gateway_id: gatewayId, keys }));
    const token = variation.token === undefined ? this.#token : variation.token;
    const headers = { ...this.#authorization(token), 'content-digest': contentDigestOf(bytes) };
    return await this.#send('POST', PMS_PATHS.lookup, bytes, headers);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #authorization(token: string | null): Record<string, string> {
    return token === null ? {} : { authorization: `Bearer ${token}` };
  }

  /** @throws CounterfoilError `pms_unavailable` when there is no answer at all. */
  async #send(
    method: 'GET' | 'POST',
    path: string,
    body: Buffer | null,
    headers: Record<string, string>,
  ): Promise<PeerAnswer> {
    const type = body === null ? {} : { 'content-type': 'application/json' };
    try {
      const options = { method, body, headers: { accept: 'application/json', ...type, ...headers } };
      const answer = await request(this.#baseUrl + path, { ...options, dispatcher: this.#agent });
      const text = await readAnswer(answer.body);
      return { status: answer.statusCode, body: parsed(text), text };
    } catch (error) {
      const hint = 'check the address, that the PMS is running, and that nothing in between cuts the connection';
      throw new CounterfoilError('pms_unavailable', `no answer from the PMS: ${messageOf(error)}`, hint, error);
    }
  }
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
    if (length > MAX_ANSWER_BYTES) throw new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
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
