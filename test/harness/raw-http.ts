/** HTTP as bytes: what no client library would send, and everything that comes back. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { LIMIT_MS } from './program.ts';

/** Opens a connection to the listener at `url`; nothing is sent yet, for TLS no certificate is checked. */
export function rawConnection(url: string): Socket {
  const { protocol, hostname, port } = new URL(url);
  const to = { host: hostname, port: Number(port) };
  return protocol === 'https:' ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
}

/**
 * Sends bytes as they are and gives everything until the far end closes; after `LIMIT_MS` that is a failure. Our side stays
 * open: whoever closes first does not hear an answer that takes a moment.
 */
export function rawExchange(url: string, bytes: string | Uint8Array): Promise<string> {
  const socket = rawConnection(url);
  socket.write(bytes);
  return untilClosed(socket);
}

/** Everything that comes until the far end closes the connection. */
export function untilClosed(socket: Socket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error(`not closed within ${LIMIT_MS} ms`)), LIMIT_MS);
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
  });
  // Being reset is an answer too.
  socket.on('error', () => undefined);
  socket.on('close', () => resolve(received));
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}
