/** A line that breaks: passes on so many bytes towards the server, then cuts both ways. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Scene } from './scene.ts';

export class CuttingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly port: number;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** Each connection passes `limitBytes` to the server, and none more. */
  static async start(scene: Scene, targetPort: number, limitBytes: number): Promise<CuttingProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const proxy = new CuttingProxy(server, address.port);
    server.on('connection', (near) => proxy.#join(near, connect(targetPort, '127.0.0.1'), limitBytes));
    scene.onClose(() => proxy.#close());
    return proxy;
  }

  #join(near: Socket, far: Socket, limitBytes: number): void {
    let passed = 0;
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
    }
    const cut = () => {
      near.destroy();
      far.destroy();
    };
    far.pipe(near);
    near.on('data', (chunk: Buffer) => {
      passed += chunk.length;
      if (passed > limitBytes) cut();
      else far.write(chunk);
    });
    near.on('close', cut);
    far.on('close', cut);
  }

  async #close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
