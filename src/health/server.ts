/** The HTTP listener of the health stage. */
import { readFileSync } from 'node:fs';
import { createServer as createPlainServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { parseListenUrl } from '../base/config/address.ts';
import { readSecretFile } from '../base/config/secrets.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { healthRoutes } from './routes.ts';
import type { HealthSources } from './sources.ts';

export interface HealthServerOptions {
  /** `http://` or `https://`; port 0 picks a free one. */
  readonly url: string;
  /** PEM files, needed for `https://`. */
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

/** Enough for a few scrapers and screens; a flood of connections must not cost the lanes their memory. */
const MAX_CONNECTIONS = 64;
const MAX_HEADER_BYTES = 8 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 5_000;

export class HealthServer {
  readonly #options: HealthServerOptions;
  readonly #sources: HealthSources;
  readonly #log: Log;
  #server: Server | null = null;
  #url: string | null = null;

  constructor(options: HealthServerOptions, sources: HealthSources, log: Log) {
    this.#options = options;
    this.#sources = sources;
    this.#log = log;
  }

  /**
   * Listens; resolves when requests are answered.
   * @throws CounterfoilError `address_in_use` when the address cannot be bound, `config_unreadable` for the TLS files.
   */
  async start(): Promise<void> {
    const address = parseListenUrl(this.#options.url);
    if (address === null) throw new CounterfoilError('config_invalid', 'http.url is no address', 'correct http.url');
    const server = this.#createServer(address.secure);
    server.maxConnections = MAX_CONNECTIONS;
    await listen(server, address.host, address.port, this.#options.url);
    server.on('error', (error) => this.#log.error('the HTTP listener failed', { error: messageOf(error) }));
    this.#server = server;
    const { port } = server.address() as AddressInfo;
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    this.#url = `${address.scheme}://${host}:${port}`;
  }

  /** Closes the listener and every connection; an answer under way is cut off. Safe to call twice. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
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

  #createServer(secure: boolean): Server {
    const limits = {
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    };
    const { fetch } = healthRoutes(this.#sources, this.#log);
    // Other parts of this process speak HTTP too, with the Request and Response that Node.js brings.
    const listener = getRequestListener(fetch, { overrideGlobalObjects: false });
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      listener(request, response).catch((error: unknown) => {
        this.#log.warn('an HTTP answer could not be sent', { error: messageOf(error) });
        response.destroy();
      });
    };
    if (!secure) return createPlainServer(limits, answer);
    const { certFile, keyFile } = this.#options;
    const tls = { cert: readCertificate(certFile), key: readSecretFile(keyFile ?? ''), minVersion: 'TLSv1.2' } as const;
    try {
      return createTlsServer({ ...limits, ...tls }, answer);
    } catch (error) {
      const message = `http.cert_file and http.key_file cannot be used: ${messageOf(error)}`;
      throw new CounterfoilError('config_unreadable', message, 'write a certificate and its key as PEM files', error);
    }
  }
}

function readCertificate(file: string | null): string {
  try {
    return readFileSync(file ?? '', 'utf8');
  } catch (error) {
    const message = `cannot read the certificate ${file}: ${messageOf(error)}`;
    throw new CounterfoilError('config_unreadable', message, 'check http.cert_file', error);
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
