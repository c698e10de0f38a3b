/** How many connections one address may hold: slow clients of one place must not keep the screens of all others out. */
import type { Socket } from 'node:net';

const MOST_OF_ONE_ADDRESS = 48;

export class Connections {
  readonly #byAddress = new Map<string, number>();

  /** Closes a connection that is one too many; bounded by the connections there are. */
  take(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const count = (this.#byAddress.get(address) ?? 0) + 1;
    if (count > MOST_OF_ONE_ADDRESS) {
      socket.destroy();
      return;
    }
    this.#byAddress.set(address, count);
    socket.once('close', () => {
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#byAddress.delete(address);
      else this.#byAddress.set(address, left);
    });
  }
}
