/** The sockets lanes connect to: opening them, counting connections, guarding each before the broker sees it. */
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { CounterfoilError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';

export interface ListenerOptions {
  /** `mqtt://host:port` or `mqtts://host:port`; port 0 picks a free one. */
  readonly url: string;
  readonly certFile: string | null;
  readonly keyFile: string | null;
  readonly laneCaFile: string | null;
}

export interface ConnectionLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Time for TLS and CONNECT. */
  readonly connectTimeoutMs: number;
}

export class Listeners {
  readonly #limits: ConnectionLimits;
  readonly #onSocket: (socket: Socket) => void;
  readonly #log: Log;
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #perAddress = new Map<string, number>();

  constructor(limits: ConnectionLimits, onSocket: (socket: Socket) => void, log: Log) {
    this.#limits = limits;
    this.#onSocket = onSocket;
    this.#log = log;
  }

  /** Opens one listener and returns its real address. Throws `address_in_use` or `config_invalid`. */
  async open(options: ListenerOptions): Promise<string> {
    const url = new URL(options.url);
    const secure = url.protocol === 'mqtts:';
    const server = secure
      ? this.#tlsServer(options)
      : createServer((socket) => {
          if (this.#admit(socket)) this.#onSocket(socket);
        });
    await listen(server, url);
    this.#servers.push(server);
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : Number(url.port);
    return `${url.protocol}//${url.hostname}:${port}`;
  }

  /** Takes no new connection from here on. */
  stopListening(): void {
    for (const server of this.#servers) server.close();
  }

  /** Ends every connection and resolves when the last listener is closed. */
  async close(): Promise<void> {
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => (server.listening ? server.close(() => resolve()) : resolve())),
    );
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  get connections(): number {
    return this.#sockets.size;
  }

  #tlsServer(options: ListenerOptions): Server {
    const { certFile, keyFile, laneCaFile } = options;
    if (certFile === null || keyFile === null || laneCaFile === null) {
      throw new CounterfoilError(
        'config_invalid',
        `mqtt.listen ${options.url}: an mqtts listener needs cert_file, key_file and lane_ca_file`,
        'Add the three files, or listen on mqtt://127.0.0.1 for trials.',
      );
    }
    const server = createTlsServer(
      {
        cert: readFileSync(certFile),
        key: readFileSync(keyFile),
        ca: readFileSync(laneCaFile),
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: 'TLSv1.2',
        handshakeTimeout: this.#limits.connectTimeoutMs,
      },
      (socket) => this.#onSocket(socket),
    );
    // Counted and limited before the handshake: who never finishes one must not cost a descriptor for long.
    server.prependListener('connection', (socket: Socket) => void this.#admit(socket));
    server.on('tlsClientError', (error, socket) => {
      this.#log.warn('connection refused', {
        code: 'tls',
        reason: error.message,
        address: socket.remoteAddress ?? 'unknown',
      });
      socket.destroy();
    });
    return server;
  }

  /** Counts a new connection, or closes it when there are too many; false then. */
  #admit(socket: Socket): boolean {
    const address = socket.remoteAddress ?? 'unknown';
    const here = this.#perAddress.get(address) ?? 0;
    if (this.#sockets.size >= this.#limits.maxConnections || here >= this.#limits.maxConnectionsPerAddress) {
      this.#log.warn('too many connections, one was closed', { address, connections: this.#sockets.size });
      socket.destroy();
      return false;
    }
    this.#sockets.add(socket);
    this.#perAddress.set(address, here + 1);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 15_000);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#perAddress.delete(address);
      else this.#perAddress.set(address, left);
    });
    return true;
  }
}

/** The lane a TLS client's certificate names (its CN), or null on a plain connection. */
export function certificateLane(socket: unknown): string | null {
  if (!(socket instanceof TLSSocket)) return null;
  const name = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? name : '';
}

function listen(server: Server, url: URL): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE' || error.code === 'EACCES' || error.code === 'EADDRNOTAVAIL';
      const hint = 'Stop the program that uses it, or change mqtt.listen in the configuration.';
      reject(
        taken
          ? new CounterfoilError('address_in_use', `cannot listen on ${url.host} (${error.code})`, hint, error)
          : error,
      );
    });
    server.listen({ host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 0) }, () => resolve());
  });
}
