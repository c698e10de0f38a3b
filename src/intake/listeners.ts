/** The sockets lanes connect to: opening them, counting connections, guarding each before the broker sees it. */
import { constants, type X509Certificate } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type SecureContextOptions,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { ClientCertificate, IdentityPort, LaneProof, ListenerFiles, TlsMaterial } from './identity.ts';

/** `url` is `mqtt://host:port` or `mqtts://host:port`; port 0 picks a free one. */
export type ListenerOptions = ListenerFiles;

/** What is known of a connection before its first packet. */
export interface Arrival {
  readonly isSecure: boolean;
  /** By its client certificate; null: it has shown none. */
  readonly proof: LaneProof | null;
  /** To judge the certificate again, when time has passed. */
  readonly certificate: ClientCertificate | null;
  /** Known and turned away: it is told so when it connects. */
  readonly refusal: string | null;
}

/** Strangers get no answer at all; one of ours may know why it is not let in. */
const TOLD: readonly string[] = ['revoked', 'expired', 'not_yet_valid'];

export interface ConnectionLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Time for TLS and CONNECT. */
  readonly connectTimeoutMs: number;
}

export class Listeners {
  readonly #limits: ConnectionLimits;
  readonly #onSocket: (socket: Socket, arrival: Arrival) => void;
  readonly #identity: IdentityPort;
  readonly #log: Log;
  readonly #servers: Server[] = [];
  readonly #secure: { readonly server: TlsServer; readonly options: ListenerOptions; material: TlsMaterial }[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #perAddress = new Map<string, number>();

  constructor(
    limits: ConnectionLimits,
    onSocket: (socket: Socket, arrival: Arrival) => void,
    identity: IdentityPort,
    log: Log,
  ) {
    this.#limits = limits;
    this.#identity = identity;
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
          if (this.#admit(socket)) this.#onSocket(socket, PLAIN);
        });
    await listen(server, url);
    this.#servers.push(server);
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : Number(url.port);
    return `${url.protocol}//${url.hostname}:${port}`;
  }

  /** Takes certificates, keys and authorities anew; connections go on. What is no good is logged, and the old ones stay. */
  reload(): void {
    for (const each of this.#secure) {
      try {
        const material = this.#identity.tls(each.options);
        each.server.setSecureContext(contextOf(material));
        each.material = material;
      } catch (error) {
        this.#log.error('the certificate of a listener could not be taken anew; the old one stays', {
          address: each.options.url,
          error: messageOf(error),
        });
      }
    }
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
    const first = this.#identity.tls(options);
    const server = createTlsServer({
      ...contextOf(first),
      requestCert: true,
      // Who is let in is our own judgement, made of the certificate as soon as TLS has proved that its key is there.
      rejectUnauthorized: false,
      handshakeTimeout: this.#limits.connectTimeoutMs,
    });
    const listener = { server, options, material: first };
    this.#secure.push(listener);
    server.on('secureConnection', (socket) => {
      try {
        this.#judge(socket, listener.material.authorities);
      } catch (error) {
        // A certificate that breaks our reading of it ends its own connection, never the gateway.
        this.#turnAway(socket, socket.remoteAddress ?? 'unknown', `client certificate: ${messageOf(error)}`);
      }
    });
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

  #judge(socket: TLSSocket, authorities: readonly X509Certificate[]): void {
    const address = socket.remoteAddress ?? 'unknown';
    const leaf = socket.getPeerX509Certificate();
    if (leaf === undefined) {
      if (this.#identity.hasPasswords) this.#onSocket(socket, { ...PLAIN, isSecure: true });
      else this.#turnAway(socket, address, 'no client certificate: enrol this lane first');
      return;
    }
    const tlsError = socket.authorized ? null : String(socket.authorizationError);
    const certificate = { leaf, sent: chainOf(leaf), authorities, tlsError };
    const verdict = this.#identity.byCertificate(certificate, address);
    const arrival = { ...PLAIN, isSecure: true, certificate };
    if (verdict.ok) this.#onSocket(socket, { ...arrival, proof: verdict.proof });
    else if (TOLD.includes(verdict.reason)) this.#onSocket(socket, { ...arrival, refusal: verdict.reason });
    else this.#turnAway(socket, address, `client certificate: ${verdict.reason}`);
  }

  #turnAway(socket: Socket, address: string, reason: string): void {
    this.#log.warn('connection refused', { code: 'tls', reason, address });
    socket.destroy();
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

const PLAIN: Arrival = { isSecure: false, proof: null, certificate: null, refusal: null };

function contextOf({ cert, key, authorities }: TlsMaterial): SecureContextOptions {
  return {
    cert,
    key,
    ca: authorities.map((authority) => authority.toString()),
    minVersion: 'TLSv1.2',
    // Each connection shows its certificate anew, and only once: nothing of an earlier one is taken for it.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    allowPartialTrustChain: true,
  };
}

/** What the client has sent beside its own certificate; no more than a chain can use. */
function chainOf(leaf: X509Certificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next = leaf.issuerCertificate;
  while (next !== undefined && chain.length < 4) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
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
