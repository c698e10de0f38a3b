/**
 * What stands between gateway and PMS in a test: a TCP front that passes bytes on to a real server, with TLS of its own if
 * it is given a certificate, and that can swallow records while pings pass: a connection that is half open looks like that.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import type { Scene } from './scene.ts';

export class Front {
  /** Connections that carry a POST get no answer any more; nobody closes them. */
  swallowsPosts = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #swallowed = new Set<Socket>();

  constructor(targetPort: number, tls: TlsOptions | null) {
    const take = (socket: Socket) => this.#join(socket, targetPort);
    this.#server = tls === null ? createServer(take) : createTlsServer(tls, take);
    this.#server.on('tlsClientError', () => undefined);
  }

  static async start(scene: Scene, targetPort: number, tls: TlsOptions | null = null): Promise<Front> {
    const front = new Front(targetPort, tls);
    front.#server.listen(0, '127.0.0.1');
    await once(front.#server, 'listening');
    scene.onClose(async () => {
      for (const socket of front.#sockets) socket.destroy();
      front.#server.close();
      await once(front.#server, 'close');
    });
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Posts pass again; what hangs is cut, as a router does when it is restarted. */
  restart(): void {
    this.swallowsPosts = false;
    for (const socket of this.#swallowed) socket.destroy();
  }

  #join(socket: Socket, targetPort: number): void {
    const upstream = connect(targetPort, '127.0.0.1');
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    upstream.on('data', (chunk) => socket.write(chunk));
    socket.on('data', (chunk) => {
      if (this.swallowsPosts && chunk.toString('latin1', 0, 5) === 'POST ') this.#swallowed.add(socket);
      if (!this.#swallowed.has(socket)) upstream.write(chunk);
    });
  }
}
