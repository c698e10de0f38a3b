/**
 * A table that Postfix asks over TCP (tcp_table(5)). Tables in files are read when a server process of Postfix starts, and one
 * that is idle may take another connection after "reload": it would still answer by the old table.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Answers each key by `answerFor`; null: the table has no such key. Not listening yet, see `portOf`. */
export function lookupServer(answerFor: (key: string) => string | null): Server {
  return createServer((socket) => {
    let held = '';
    socket.setEncoding('utf8');
    socket.on('error', () => {}); // Postfix may go away at any time
    socket.on('data', (text: string) => {
      const lines = (held + text).split('\n');
      held = lines.pop() ?? '';
      for (const line of lines) {
        const value = answerFor(decodeURIComponent(line.replace(/^get /, '')));
        socket.write(value === null ? '500 none\n' : `200 ${encodeURIComponent(value)}\n`);
      }
    });
  });
}

/** Listens on a free port and says which. */
export async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  return address.port;
}

/** Once Postfix, whose processes keep their connections, has been stopped. */
export async function closeServer(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}
