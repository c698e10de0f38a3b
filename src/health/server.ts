/** The HTTP listener: health for operators, and the pages of other parts behind the same guard. */
import { createServer as createPlainServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import type { PageEnv, PathNeed } from '../base/access.ts';
import { systemClock } from '../base/clock.ts';
import { parseListenUrl } from '../base/config/address.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { Connections } from './http/connections.ts';
import type { Access } from './http/guard.ts';
import { RateLimit } from './http/rate-limit.ts';
import { readTlsPair, type TlsPair } from './http/tls-files.ts';
import { webApplication } from './routes.ts';
import type { HealthSources } from './sources.ts';

export interface HealthServerOptions {
  /** `http://` or `https://`; port 0 picks a free one. */
  readonly url: string;
  /** PEM files, needed for `https://`. */
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

/** Pages of another part, and who may ask for each; main passes them in. */
export interface Part {
  readonly app: Hono<PageEnv>;
  readonly needs: readonly PathNeed[];
}

export interface Web {
  readonly access: Access;
  readonly parts: readonly Part[];
}

/** Nobody is defined and no part has pages. */
const NOTHING_MORE: Web = {
  access: { isNamed: () => false, viewer: () => null, monitorToken: () => null },
  parts: [],
};

/** Enough for a few scrapers and screens; a flood of connections must not cost the lanes their memory. */
const MAX_CONNECTIONS = 128;
const MAX_HEADER_BYTES = 8 * 1024;
/** Headers, and all of a request: a client that sends a byte now and then is cut off. */
const REQUEST_TIMEOUT_MS = 10_000;
const LOOK_EVERY_MS = 1000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 5_000;

export class HealthServer {
  readonly #options: HealthServerOptions;
  readonly #sources: HealthSources;
  readonly #log: Log;
  readonly #web: Web;
  #server: Server | null = null;
  #tls: TlsServer | null = null;
  #pair: TlsPair | null = null;
  #url: string | null = null;

  constructor(options: HealthServerOptions, sources: HealthSources, log: Log, web: Web = NOTHING_MORE) {
    this.#options = options;
    this.#sources = { ...sources, certificateUntilMs: () => this.#pair?.untilMs ?? null };
    this.#log = log;
    this.#web = web;
  }

  /**
   * Listens; resolves when requests are answered.
   * @throws CounterfoilError `address_in_use` when the address cannot be bound, `config_unreadable` for the TLS files.
   */
  async start(): Promise<void> {
    const address = parseListenUrl(this.#options.url);
    if (address === null) throw new CounterfoilError('config_invalid', 'http.url is no address', 'correct http.url');
    const server = this.#createServer(address.secure, address.loopback);
    server.maxConnections = MAX_CONNECTIONS;
    const connections = new Connections();
    server.on('connection', (socket: Socket) => connections.take(socket));
    await listen(server, address.host, address.port, this.#options.url);
    server.on('error', (error) => this.#log.error('the HTTP listener failed', { error: messageOf(error) }));
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    this.#url = `${address.scheme}://${host}:${port}`;
  }

  /** Reads certificate and key again; connections go on. A pair that is no good is logged, and the old one stays. */
  reload(): void {
    if (this.#tls === null) return;
    try {
      const pair = readTlsPair(this.#options.certFile, this.#options.keyFile);
      this.#tls.setSecureContext({ cert: pair.cert, key: pair.key, minVersion: 'TLSv1.2' });
      this.#pair = pair;
      this.#log.info('the HTTPS certificate was read again');
    } catch (error) {
      this.#log.error('the HTTPS certificate could not be read again; the old one stays', { error: messageOf(error) });
    }
  }

  /** Closes the listener and every connection; an answer under way is cut off. Safe to call twice. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    this.#tls = null;
    this.#url = null;
    if (server === null) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  /** The real address, without a slash at its end; null while it is not listening. */
  get url(): string | null {
    return this.#url;
  }

  #createServer(secure: boolean, loopback: boolean): Server {
    const limits = {
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: LOOK_EVERY_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    };
    const { fetch } = webApplication(this.#sources, this.#log, {
      ...this.#web,
      mayBeOpen: loopback && !this.#sources.about.production,
      secure,
      rate: new RateLimit(systemClock),
    });
    // Other parts of this process speak HTTP too, with the Request and Response that Node.js brings.
    const listener = getRequestListener(fetch, { overrideGlobalObjects: false });
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      listener(request, response).catch((error: unknown) => {
        this.#log.warn('an HTTP answer could not be sent', { error: messageOf(error) });
        response.destroy();
      });
    };
    if (!secure) return createPlainServer(limits, answer);
    const pair = readTlsPair(this.#options.certFile, this.#options.keyFile);
    const { cert, key } = pair;
    const tls = createTlsServer(
      { ...limits, cert, key, minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_TIMEOUT_MS },
      answer,
    );
    this.#pair = pair;
    this.#tls = tls;
    return tls;
  }
}

function listen(server: Server, host: string, port: number, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => {
      const hint = 'stop what listens there, or choose another http.url';
      reject(new CounterfoilError('address_in_use', `cannot listen on ${url}: ${error.message}`, hint, error));
    };
    server.once('error', refuse);
    server.listen({ host, port }, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}
