/** Ports for the show: the well-known ones when they are free, so that addresses stay the same from run to run. */
import { createServer, type Server } from 'node:net';

/** Listens on the first port that is free; rejects with the last one's error. */
export async function listenOnFirst(server: Server, host: string, ports: readonly number[]): Promise<void> {
  let last: unknown = new RangeError('no port to listen on');
  for (const port of ports) {
    try {
      await listening(server, host, port);
      return;
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

/** `port` if nobody listens there now, else 0, which makes a server pick a free one. */
export async function portOrAny(host: string, port: number): Promise<number> {
  const server = createServer();
  try {
    await listening(server, host, port);
  } catch {
    return 0;
  }
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server is not listening');
  return address.port;
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
