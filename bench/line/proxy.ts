/** A TCP proxy that behaves like a line: delay, speed, windows. It counts the bytes of the TCP payloads, both ways. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Bottleneck } from './bottleneck.ts';
import { Pipe } from './pipe.ts';
import type { LineCounts, LineShape } from './shape.ts';
import { CongestionWindow } from './window.ts';

export interface LineOptions extends LineShape {
  /** Port on 127.0.0.1 behind the line. */
  readonly targetPort: number;
}

const HOST = '127.0.0.1';
const NOTHING = { upBytes: 0, downBytes: 0, firstByteAtMs: null };

export class LineProxy {
  readonly #options: LineOptions;
  readonly #server: Server;
  readonly #up: Bottleneck;
  readonly #down: Bottleneck;
  readonly #sockets = new Set<Socket>();
  #counts: LineCounts = NOTHING;

  constructor(options: LineOptions) {
    this.#options = options;
    const { roundTripMs, upBitsPerSecond, downBitsPerSecond, discipline } = options;
    this.#up = new Bottleneck(upBitsPerSecond, roundTripMs / 2, discipline);
    this.#down = new Bottleneck(downBitsPerSecond, roundTripMs / 2, discipline);
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#take(socket));
  }

  /** Resolves with the port it listens on. */
  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, HOST, resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the line has no port');
    return address.port;
  }

  counts(): LineCounts {
    return this.#counts;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    this.#up.stop();
    this.#down.stop();
    await closed;
  }

  #take(client: Socket): void {
    const { targetPort, roundTripMs, upBitsPerSecond, downBitsPerSecond } = this.#options;
    const server = connect({ host: HOST, port: targetPort, allowHalfOpen: true });
    const shared = { oneWayMs: roundTripMs / 2, opensAtMs: performance.now() + roundTripMs };
    const windowOf = (bitsPerSecond: number) =>
      new CongestionWindow((2 * bitsPerSecond * roundTripMs) / 8000, roundTripMs);
    const pipes = [
      new Pipe({
        ...shared,
        from: client,
        to: server,
        bottleneck: this.#up,
        window: windowOf(upBitsPerSecond),
        onBytes: (bytes) => this.#countUp(bytes),
      }),
      new Pipe({
        ...shared,
        from: server,
        to: client,
        bottleneck: this.#down,
        window: windowOf(downBitsPerSecond),
        onBytes: (bytes) => {
          this.#counts = { ...this.#counts, downBytes: this.#counts.downBytes + bytes };
        },
      }),
    ];
    this.#bind(client, server, pipes);
  }

  #countUp(bytes: number): void {
    const { upBytes, firstByteAtMs } = this.#counts;
    this.#counts = { ...this.#counts, upBytes: upBytes + bytes, firstByteAtMs: firstByteAtMs ?? Date.now() };
  }

  /** A connection that breaks on one side breaks on the other; one that ends, ends behind its last bytes. */
  #bind(client: Socket, server: Socket, pipes: readonly Pipe[]): void {
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        if (this.#sockets.has(other)) return;
        for (const pipe of pipes) pipe.stop();
      });
    }
  }
}
