/**
 * A PMS that knows only the original contract: POST one record with its key in `X-Idempotency-Key`, answered by a bare
 * 2xx. It keeps what it got under its key and checks nothing else: no order, no hash, no batches.
 */
import { once } from 'node:events';
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { PMS_PATHS } from '../../src/record/wire.ts';
import type { Scene } from './scene.ts';
import type { SelfSigned } from './self-signed.ts';

export interface Posted {
  readonly key: string;
  readonly body: Buffer;
  readonly headers: IncomingMessage['headers'];
}

/** Answers one record; `known` says that its key had come before. */
export type Reply = (posted: Posted, known: boolean) => { status: number; type?: string; body?: string };

const BARE: Reply = () => ({ status: 201 });

export class MinimalPms {
  reply: Reply = BARE;
  /** Every record posted, in order, repeats included. */
  readonly posted: Posted[] = [];
  /** What it keeps, by key, in the order of the first arrival. */
  readonly held = new Map<string, Buffer>();
  readonly #server: Server;
  readonly #secure: boolean;
  readonly #watchers = new Set<() => void>();

  private constructor(tls: SelfSigned | null) {
    const handle = (request: IncomingMessage, response: ServerResponse) => {
      void this.#serve(request, response).catch((error: unknown) => response.destroy(error as Error));
    };
    this.#secure = tls !== null;
    this.#server = tls === null ? createHttp(handle) : createHttps({ cert: tls.cert, key: tls.key }, handle);
  }

  /** Serves on a free port until the scene closes; over TLS with the certificate given. */
  static async start(scene: Scene, tls: SelfSigned | null = null): Promise<MinimalPms> {
    const pms = new MinimalPms(tls);
    pms.#server.listen(0, '127.0.0.1');
    await once(pms.#server, 'listening');
    scene.onClose(async () => {
      pms.#server.closeAllConnections();
      pms.#server.close();
      await once(pms.#server, 'close');
    });
    return pms;
  }

  get url(): string {
    return `http${this.#secure ? 's' : ''}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when `holds` does; looked at after every record has been read. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!holds()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.url === PMS_PATHS.ping) {
      const body = JSON.stringify({ status: 'ok', time_utc: new Date().toISOString() });
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
      return;
    }
    if (request.method !== 'POST' || request.url !== PMS_PATHS.sync) {
      response.writeHead(404).end();
      return;
    }
    this.#take(
      { key: String(request.headers['x-idempotency-key']), body: Buffer.concat(chunks), headers: request.headers },
      response,
    );
  }

  #take(posted: Posted, response: ServerResponse): void {
    const known = this.held.has(posted.key);
    const { status, type, body } = this.reply(posted, known);
    this.posted.push(posted);
    if (status < 300 && !known) this.held.set(posted.key, posted.body);
    for (const look of [...this.#watchers]) look();
    response.writeHead(status, type === undefined ? {} : { 'content-type': type }).end(body);
  }
}
