/**
 * An S3-compatible object store, as far as uploads need it: is the bucket locked, what is under a name, put a file there. Bucket in the
 * path ("path-style"), an undici Agent of its own, no redirects, answers bounded. Every answer is read strictly: a portal's page
 * with status 200 is no yes.
 */
import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { Agent, type Dispatcher } from 'undici';
import type { Clock, Timers } from '../../base/clock.ts';
import { faultOfAnswer, faultOfConnection, UploadFault } from './faults.ts';
import { type Credentials, encodePath, queryText, sign } from './sigv4.ts';

const CONNECT_MS = 10_000;
/** Nothing sent and nothing heard for so long: given up. */
const SILENCE_MS = 60_000;
const ANSWER_BYTES = 64 * 1024;
const NO_BODY = hash('sha256', '');

export interface StoreOptions {
  /** Base address; may have a path. */
  readonly url: string;
  readonly bucket: string;
  readonly region: string;
}

/** Read anew for each connection to the store, so that a changed file needs no restart. */
export interface StoreSecrets extends Credentials {
  /** PEM of the authorities to trust; null: the built-in ones. */
  readonly ca: string | null;
}

/** What the store says of an object. */
export interface ObjectHead {
  readonly bytes: number;
  /** SHA-256 as it was told at the upload, hex; null where nobody did. */
  readonly sha256: string | null;
  /** UTC until which it is locked in mode COMPLIANCE; null when it is not. */
  readonly lockedUntilMs: number | null;
}

export interface NewObject {
  readonly key: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
  /** Base64; S3 asks for it where an object is locked. */
  readonly md5: string;
  readonly lockUntilMs: number;
  readonly body: () => AsyncIterable<Uint8Array>;
}

export interface ObjectStoreParts {
  readonly options: StoreOptions;
  readonly secrets: StoreSecrets;
  readonly clock: Clock;
  readonly timers: Timers;
}

interface Request {
  readonly method: 'GET' | 'HEAD' | 'PUT';
  readonly key: string | null;
  readonly query?: readonly (readonly [string, string])[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly bodyHash?: string;
  readonly body?: () => AsyncIterable<Uint8Array>;
}

interface Answer {
  readonly status: number;
  readonly header: (name: string) => string | null;
  readonly text: string;
}

/** Every method throws an `UploadFault`. */
export class ObjectStore {
  readonly #parts: ObjectStoreParts;
  readonly #agent: Agent;
  readonly #running = new Set<AbortController>();

  constructor(parts: ObjectStoreParts) {
    const { ca } = parts.secrets;
    this.#parts = parts;
    this.#agent = new Agent({
      allowH2: false,
      pipelining: 1,
      // The watch on silence is our own: these would count the time a slow line needs for the body.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: CONNECT_MS, rejectUnauthorized: true, ...(ca === null ? {} : { ca }) },
    });
  }

  /** Resolves when the bucket keeps objects locked. Throws `no_object_lock` when it does not. */
  async requireLock(): Promise<void> {
    const { status, text } = await this.#ask({ method: 'GET', key: null, query: [['object-lock', '']] });
    if (status !== 200) throw faultOfAnswer(status, wordOf(text));
    if (/<ObjectLockEnabled>\s*Enabled\s*<\/ObjectLockEnabled>/.test(text)) return;
    const isAnswer = text.includes('<ObjectLockConfiguration');
    throw new UploadFault(
      isAnswer ? 'no_object_lock' : 'unreachable',
      isAnswer ? 'not enabled' : 'no answer of an object store',
    );
  }

  /** Null when there is nothing under that name. */
  async head(key: string): Promise<ObjectHead | null> {
    const { status, header } = await this.#ask({ method: 'HEAD', key });
    if (status === 404) return null;
    if (status !== 200) throw faultOfAnswer(status, null);
    const until = Date.parse(header('x-amz-object-lock-retain-until-date') ?? '');
    const isLocked = header('x-amz-object-lock-mode') === 'COMPLIANCE' && !Number.isNaN(until);
    return {
      bytes: Number(header('content-length') ?? Number.NaN),
      sha256: header('x-amz-meta-sha256'),
      lockedUntilMs: isLocked ? until : null,
    };
  }

  /** Gives the version the store has made of it; null where it names none. What is there already stays, as an older version. */
  async put({ key, bytes, sha256, md5, lockUntilMs, body }: NewObject): Promise<string | null> {
    const headers = {
      'content-length': String(bytes),
      'content-md5': md5,
      'content-type': 'application/octet-stream',
      'x-amz-meta-sha256': sha256,
      'x-amz-object-lock-mode': 'COMPLIANCE',
      'x-amz-object-lock-retain-until-date': new Date(lockUntilMs).toISOString().replace(/\.\d{3}Z$/, 'Z'),
    };
    const { status, header, text } = await this.#ask({ method: 'PUT', key, headers, bodyHash: sha256, body });
    if (status !== 200) throw faultOfAnswer(status, wordOf(text));
    return header('x-amz-version-id');
  }

  /** Breaks off what is running. */
  async close(): Promise<void> {
    for (const controller of this.#running) controller.abort();
    await this.#agent.destroy();
  }

  async #ask(request: Request): Promise<Answer> {
    const controller = new AbortController();
    this.#running.add(controller);
    let cancel = () => {};
    const heard = () => {
      cancel();
      cancel = this.#parts.timers.after(SILENCE_MS, () => controller.abort());
    };
    try {
      heard();
      return await this.#exchange(request, controller.signal, heard);
    } catch (error) {
      // What our own body threw is no fault of the connection.
      throw error instanceof UploadFault ? error : faultOfConnection(error);
    } finally {
      cancel();
      this.#running.delete(controller);
    }
  }

  async #exchange(request: Request, signal: AbortSignal, heard: () => void): Promise<Answer> {
    const { options, secrets, clock } = this.#parts;
    const { method, key, query = [], headers = {}, bodyHash = NO_BODY, body } = request;
    const base = new URL(options.url);
    const path = encodePath(
      `${decodeURI(base.pathname).replace(/\/+$/, '')}/${options.bucket}${key === null ? '' : `/${key}`}`,
    );
    const signed = sign(
      {
        method,
        path,
        query,
        headers: { ...headers, host: base.host, 'x-amz-content-sha256': bodyHash },
        region: options.region,
      },
      secrets,
      clock.utcMs(),
    );
    const response = await this.#agent.request({
      origin: base.origin,
      path: query.length === 0 ? path : `${path}?${queryText(query)}`,
      method,
      headers: { ...signed, 'user-agent': 'counterfoil' },
      body: body === undefined ? null : Readable.from(watched(body(), heard), { objectMode: false }),
      signal,
    });
    return await answerOf(response, heard);
  }
}

async function* watched(chunks: AsyncIterable<Uint8Array>, heard: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    heard();
    yield chunk;
  }
  heard();
}

async function answerOf({ statusCode, headers, body }: Dispatcher.ResponseData, heard: () => void): Promise<Answer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    heard();
    bytes += chunk.length;
    // Leaving the loop destroys the body and with it the connection.
    if (bytes > ANSWER_BYTES) throw new UploadFault('unreachable', 'an answer that no object store gives');
    chunks.push(chunk);
  }
  const header = (name: string): string | null => {
    const value = headers[name];
    return typeof value === 'string' ? value : null;
  };
  return { status: statusCode, header, text: Buffer.concat(chunks).toString('utf8') };
}

/** The `<Code>` of an S3 error. */
function wordOf(text: string): string | null {
  return /<Code>([A-Za-z0-9.]{1,80})<\/Code>/.exec(text)?.[1] ?? null;
}
