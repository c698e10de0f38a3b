/** Puts the clock of a process forward that runs with `moved-clock.ts`. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface, type Interface } from 'node:readline';

export class Mover {
  readonly #socket: Socket;
  readonly #lines: Interface;
  #answered: ((line: string) => void) | null = null;
  #failed: (error: Error) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#lines = createInterface({ input: socket });
    this.#lines.on('line', (line) => this.#answered?.(line));
    socket.on('close', () => this.#failed(new Error('the process with the moved clock has ended')));
    socket.on('error', (error) => this.#failed(error));
  }

  static async connect(path: string): Promise<Mover> {
    const socket = connect(path);
    await once(socket, 'connect');
    return new Mover(socket);
  }

  /** UTC ms by the moved clock, after what fell due was called. @throws Error when the process has gone. */
  async by(byMs: number, all = false): Promise<number> {
    const line = await new Promise<string>((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      this.#socket.write(`${JSON.stringify({ byMs, all })}\n`);
    });
    return Number(line);
  }

  close(): void {
    this.#failed = () => {};
    this.#socket.destroy();
  }
}
