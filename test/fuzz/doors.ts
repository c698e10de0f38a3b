/** The ways in for a hostile till: a plain listener, or TLS with a certificate that is good. */
import { once } from 'node:events';
import { type AddressInfo, createServer, connect as open, type Socket } from 'node:net';
import { createSecureContext, connect as openTls, type TLSSocket } from 'node:tls';
import type { Address, Identity } from '../harness/lane-authority.ts';

export interface Door {
  readonly lane: string;
  /** Connected, and let through TLS where there is any. */
  open(): Promise<Socket>;
  /** Beneath TLS: connected, nothing said. Null where there is no TLS. */
  readonly beneath: Beneath | null;
}

export interface Beneath {
  /** The bytes a TLS client begins with. */
  readonly hello: Buffer;
  open(): Promise<Socket>;
  /** A TLS connection that has been let in, and the TCP connection that carries it. */
  both(): Promise<{ readonly tls: TLSSocket; readonly tcp: Socket }>;
}

async function tcp({ host, port }: Address, localAddress: string): Promise<Socket> {
  const socket = open({ host, port, localAddress, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** Without TLS: whoever comes is the lane whose topic it uses. */
export function plainDoor(lane: string, to: Address, from: string): Door {
  return { lane, open: () => tcp(to, from), beneath: null };
}

export async function secureDoor(lane: string, to: Address, from: string, identity: Identity): Promise<Door> {
  const secureContext = createSecureContext({ cert: identity.cert, key: identity.key, ca: identity.ca });
  const both = async () => {
    const socket = await tcp(to, from);
    const secured = openTls({ socket, secureContext, host: to.host });
    await once(secured, 'secureConnect');
    return { tls: secured, tcp: socket };
  };
  const beneath = { hello: await helloOf(), open: () => tcp(to, from), both };
  return { lane, open: async () => (await both()).tls, beneath };
}

/** What Node's TLS says first, caught by a listener of our own. */
async function helloOf(): Promise<Buffer> {
  const said = Promise.withResolvers<Buffer>();
  const catcher = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (chunk: Buffer) => {
      said.resolve(chunk);
      socket.destroy();
    });
  });
  catcher.listen(0, '127.0.0.1');
  await once(catcher, 'listening');
  const { port } = catcher.address() as AddressInfo;
  const client = openTls({ host: '127.0.0.1', port, rejectUnauthorized: false });
  client.on('error', () => undefined);
  try {
    return await said.promise;
  } finally {
    client.destroy();
    catcher.close();
  }
}
