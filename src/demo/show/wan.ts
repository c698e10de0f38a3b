/**
 * The line between gateway and PMS: a TCP proxy that can be cut, go silent, or put a captive portal in the way.
 *
 *   open    bytes pass both ways
 *   cut     nobody listens and connections are reset: the router says so at once
 *   silent  connections stand, no byte passes: what half-open lines look like. What was on its way arrives after it,
 *           perhaps at somebody who has given up long ago, so an answer can get lost for good
 *   portal  everything is answered with `200 OK` and a page: what proves that a status code proves nothing
 */
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { listenOnFirst, portOf } from './ports.ts';

export type WanState = 'open' | 'cut' | 'silent' | 'portal';

export interface WanOptions {
  /** Where the PMS listens, on this machine. */
  readonly targetPort: number;
  /** Ports to listen on, in order of preference; 0 is a free one. */
  readonly ports: readonly number[];
}

const HOST = '127.0.0.1';
const PORTAL_PAGE =
  '<!doctype html><title>Welcome</title><h1>Welcome to our guest network</h1><p>Please accept the terms.';

export class Wan {
  readonly #options: WanOptions;
  readonly #server: Server;
  readonly #portal: HttpServer;
  /** Every socket with what it is joined to; null while it waits for the line. */
  readonly #sockets = new Map<Socket, Socket | null>();
  #state: WanState = 'cut';
  #port = 0;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: WanOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#take(socket));
    this.#portal = createHttpServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html', connection: 'close' }).end(PORTAL_PAGE);
    });
  }

  /** Opens the line; resolves with its port. */
  async start(): Promise<number> {
    await listenOnFirst(this.#server, HOST, this.#options.ports);
    this.#port = portOf(this.#server);
    this.#state = 'open';
    return this.#port;
  }

  get state(): WanState {
    return this.#state;
  }

  /** Changes the line; one change after the other. Rejects when its port cannot be had again. */
  set(state: WanState): Promise<void> {
    this.#turn = this.#turn.catch(() => undefined).then(() => this.#change(state));
    return this.#turn;
  }

  async stop(): Promise<void> {
    await this.set('cut');
  }

  async #change(state: WanState): Promise<void> {
    const before = this.#state;
    if (state === before) return;
    // From silence the line may come back as it was; everything else is a new one.
    if (state === 'cut' || state === 'portal' || before === 'portal') this.#reset();
    if (state === 'cut') await closed(this.#server);
    if (before === 'cut') await listenOnFirst(this.#server, HOST, [this.#port]);
    this.#state = state;
    for (const [socket, peer] of this.#sockets) {
      if (state === 'silent') {
        socket.pause();
        continue;
      }
      if (peer === null) this.#join(socket);
      socket.resume();
    }
  }

  #reset(): void {
    for (const socket of this.#sockets.keys()) socket.resetAndDestroy();
    this.#sockets.clear();
  }

  #take(socket: Socket): void {
    this.#watch(socket, null);
    if (this.#state === 'portal') this.#portal.emit('connection', socket);
    else if (this.#state === 'silent') socket.pause();
    else this.#join(socket);
  }

  #join(socket: Socket): void {
    const upstream = connect({ host: HOST, port: this.#options.targetPort });
    this.#sockets.set(socket, upstream);
    this.#watch(upstream, socket);
    this.#forward(socket, upstream);
    this.#forward(upstream, socket);
  }

  #watch(socket: Socket, peer: Socket | null): void {
    this.#sockets.set(socket, peer);
    // An error is always followed by 'close', which is what matters here.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#sockets.get(socket)?.destroy();
      this.#sockets.delete(socket);
    });
  }

  #forward(from: Socket, to: Socket): void {
    from.on('data', (chunk) => {
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => {
      if (this.#state !== 'silent') from.resume();
    });
    from.on('end', () => to.end());
  }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
