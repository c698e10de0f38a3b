/**
 * Where tills get their certificates (HTTPS): `POST /enroll` with a one-time code, `POST /enroll/renew` with the certificate
 * a lane has, `GET /revoked.crl`. A listener of its own: it asks for client certificates, and the network of the tills is not
 * that of the screens.
 */
import type { X509Certificate } from 'node:crypto';
import { constants } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import { parseListenUrl } from '../base/config/address.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { parseCode } from '../pki/enrolment-code.ts';
import type { TrailBodyOf } from '../record/trail-kinds.ts';
import type { EnrolAnswer, EnrolFault } from './api.ts';
import { Attempts } from './attempts.ts';
import type { ServerPair } from './authority.ts';
import type { Answer, Shown } from './doorkeeper.ts';
import { Tally } from './tally.ts';

const MOST_CONNECTIONS = 64;
const MOST_OF_ONE_ADDRESS = 16;
const TIMEOUT_MS = 10_000;
const BODY_BYTES = 16 * 1024;
const HEADER_BYTES = 4 * 1024;

const enrolBody = z.strictObject({ code: z.string().max(128), request: z.string().max(12 * 1024) });
const renewBody = z.strictObject({ request: z.string().max(12 * 1024) });

export interface EnrolServerParts {
  readonly pair: () => ServerPair;
  readonly authorities: () => readonly X509Certificate[];
  readonly byCertificate: (shown: Shown, address: string) => Answer;
  readonly enrol: (secret: Uint8Array, request: string, address: string) => Promise<EnrolAnswer>;
  readonly renew: (lane: string, request: string, address: string) => Promise<EnrolAnswer>;
  readonly list: () => string | null;
  /** What a lane has to know beside its certificate. */
  readonly about: () => { readonly store: string; readonly gateway_id: string; readonly mqtt_ports: readonly number[] };
  readonly clock: Clock;
  readonly log: Log;
  readonly onRefused: (body: TrailBodyOf<'enroll_refused'>) => void;
}

export class EnrolServer {
  readonly #parts: EnrolServerParts;
  readonly #attempts: Attempts;
  readonly #refused = new Tally<EnrolFault>();
  readonly #byAddress = new Map<string, number>();
  /** Also those whose handshake never ends, of which the server knows nothing. */
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  constructor(parts: EnrolServerParts) {
    this.#parts = parts;
    this.#attempts = new Attempts(parts.clock);
  }

  /** Listens; gives the real address. @throws CounterfoilError `address_in_use`. */
  async start(url: string): Promise<string> {
    const address = parseListenUrl(url);
    if (address === null) throw new CounterfoilError('config_invalid', 'lanes.enroll_url is no address', 'Correct it.');
    const options = {
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: TIMEOUT_MS,
      headersTimeout: TIMEOUT_MS,
      requestTimeout: TIMEOUT_MS,
      connectionsCheckingInterval: 1000,
      keepAliveTimeout: 1000,
      maxHeaderSize: HEADER_BYTES,
      ...this.#context(),
    };
    const server = createServer(options, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        this.#parts.log.error('an enrolment could not be answered', { error: messageOf(error) });
        send(response, 503, { fault: 'unavailable', message: WORDS.unavailable });
      });
    });
    server.maxConnections = MOST_CONNECTIONS;
    server.prependListener('connection', (socket: Socket) => this.#count(socket));
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    await listen(server, address.host, address.port, url);
    this.#server = server;
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    return `https://${host}:${(server.address() as AddressInfo).port}`;
  }

  /** Takes certificate and authorities anew. */
  reload(): void {
    this.#server?.setSecureContext(this.#context());
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #context() {
    const { cert, key } = this.#parts.pair();
    return {
      cert,
      key,
      ca: this.#parts.authorities().map((authority) => authority.toString()),
      minVersion: 'TLSv1.2' as const,
      secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
      allowPartialTrustChain: true,
    };
  }

  #count(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const count = (this.#byAddress.get(address) ?? 0) + 1;
    if (count > MOST_OF_ONE_ADDRESS) {
      socket.destroy();
      return;
    }
    this.#byAddress.set(address, count);
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#byAddress.delete(address);
      else this.#byAddress.set(address, left);
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const address = request.socket.remoteAddress ?? 'unknown';
    if (request.method === 'GET' && request.url === '/revoked.crl') {
      const list = this.#parts.list();
      if (list === null) send(response, 404, { fault: 'none', message: 'Nothing has been revoked.' });
      else response.writeHead(200, { 'Content-Type': 'application/pkix-crl', ...PLAIN_HEADERS }).end(list);
      return;
    }
    const path = request.url;
    if (request.method !== 'POST' || (path !== '/enroll' && path !== '/enroll/renew')) {
      request.resume();
      send(response, 404, { fault: 'none', message: 'POST /enroll, POST /enroll/renew or GET /revoked.crl.' });
      return;
    }
    if (!this.#attempts.mayTry(address)) return this.#refuse(response, 'often', address);
    const body = await jsonBody(request);
    const answer = path === '/enroll' ? await this.#enrol(body, address) : await this.#renew(body, request, address);
    if (!answer.ok) return this.#refuse(response, answer.fault, address);
    send(response, 201, {
      lane: answer.lane,
      certificate: answer.certificate.toString(),
      authority: answer.authority.toString(),
      ...this.#parts.about(),
    });
  }

  async #enrol(body: unknown, address: string): Promise<EnrolAnswer> {
    const read = enrolBody.safeParse(body);
    if (!read.success) return { ok: false, fault: 'request' };
    const code = parseCode(read.data.code);
    if (code === null) return { ok: false, fault: 'code' };
    return await this.#parts.enrol(code.secret, read.data.request, address);
  }

  async #renew(body: unknown, request: IncomingMessage, address: string): Promise<EnrolAnswer> {
    const read = renewBody.safeParse(body);
    if (!read.success) return { ok: false, fault: 'request' };
    const socket = request.socket as TLSSocket;
    const leaf = socket.getPeerX509Certificate();
    if (leaf === undefined) return { ok: false, fault: 'certificate' };
    const tlsError = socket.authorized ? null : String(socket.authorizationError);
    const shown = { leaf, sent: [], authorities: this.#parts.authorities(), tlsError };
    const verdict = this.#parts.byCertificate(shown, address);
    if (!verdict.ok) return { ok: false, fault: 'certificate' };
    return await this.#parts.renew(verdict.proof.lane, read.data.request, address);
  }

  #refuse(response: ServerResponse, fault: EnrolFault, address: string): void {
    if (fault === 'code' || fault === 'certificate') this.#attempts.failed(address);
    const count = this.#refused.add(fault);
    if (count !== null) this.#parts.onRefused({ address, count, reason: fault });
    this.#parts.log.warn('an enrolment was refused', { reason: fault, address });
    send(response, STATUS[fault], { fault, message: WORDS[fault] });
  }
}

const STATUS: Record<EnrolFault, number> = {
  code: 403,
  certificate: 403,
  request: 400,
  key: 400,
  often: 429,
  unavailable: 503,
};

const WORDS: Record<EnrolFault, string> = {
  code: 'This code is wrong, used, or too old. Ask for a new one: counterfoil lane enroll NAME.',
  certificate: 'This certificate is not one that can be renewed here. Enrol again with a new code.',
  request: 'Send JSON with code and request: a PKCS #10 request (PEM) signed by its own key.',
  key: 'Make the request with a key on P-256, P-384 or P-521, or RSA of 3072 bits or more.',
  often: 'Too many tries. Wait a minute, or after a renewal an hour.',
  unavailable: 'No certificate can be issued now. The gateway’s health and log say why.',
};

const PLAIN_HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };

function send(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent || response.destroyed) return;
  const headers = {
    'Content-Type': 'application/json',
    ...PLAIN_HEADERS,
    ...(status >= 400 ? { Connection: 'close' } : {}),
  };
  response.writeHead(status, headers).end(`${JSON.stringify(body)}\n`);
}

/** The body as JSON; undefined for none, one over the limit, or one that never ends (the server's time-out closes it). */
async function jsonBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}

function listen(server: Server, host: string, port: number, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => {
      const hint = 'Stop what listens there, or choose another lanes.enroll_url.';
      reject(new CounterfoilError('address_in_use', `cannot listen on ${url}: ${error.message}`, hint, error));
    };
    server.once('error', refuse);
    server.listen({ host, port }, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}
