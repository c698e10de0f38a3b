/** A TLS listener whose lanes have certificates of a chain's own authority, made by openssl: certificates of any name and date. */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect as openTcp } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, connect as openTls, type TLSSocket } from 'node:tls';
import { Authority, type LeafOptions } from './authority.ts';
import { Gateway, type GatewayOptions } from './gateway.ts';
import type { Scene } from './scene.ts';
import type { SelfSigned } from './self-signed.ts';

export interface Identity extends SelfSigned {
  /** The authority whose certificate the gateway's listener shows; PEM. */
  readonly ca: string;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface LaneShop {
  readonly gateway: Gateway;
  /** Address of the TLS listener; the plain one beside it is `gateway.mqtt`. */
  readonly secure: Address;
  /** The chain's own. */
  readonly authority: Authority;
  /** A certificate of the chain's authority. */
  identity(lane: string, options?: LeafOptions): Identity;
}

/** A connection that has been let through TLS, from `localAddress`; throws when there is none. */
export async function secureSocket(
  to: Address,
  { ca, ...shown }: Partial<Identity> & Pick<Identity, 'ca'>,
  localAddress = '127.0.0.1',
  options: ConnectionOptions = {},
): Promise<TLSSocket> {
  const tcp = openTcp({ ...to, localAddress, noDelay: true });
  const socket = openTls({ socket: tcp, ca, host: to.host, ...shown, ...options });
  // Being turned away right after the handshake comes as a reset or an alert.
  socket.on('error', () => undefined);
  const closed = new Promise<'closed'>((resolve) => socket.once('close', () => resolve('closed')));
  if ((await Promise.race([once(socket, 'secureConnect').then(() => 'open'), closed])) === 'closed')
    throw new Error('the TLS connection was refused');
  return socket;
}

/** Starts a gateway with a plain listener on loopback and a TLS listener beside it, for lanes of `authority`. */
export async function laneShop(scene: Scene, options: GatewayOptions = {}): Promise<LaneShop> {
  const folder = options.folder ?? scene.folder();
  const files = join(folder, 'tls');
  mkdirSync(files, { recursive: true });
  const authority = new Authority(files, 'chain');
  const server = authority.leaf('gateway');
  const write = (name: string, text: string) => writeFileSync(join(files, name), text, { mode: 0o600 });
  write('gateway.pem', server.cert);
  write('gateway-key.pem', server.key);
  write('lanes.pem', authority.cert);
  const secure = { cert_file: 'tls/gateway.pem', key_file: 'tls/gateway-key.pem', lane_ca_file: 'tls/lanes.pem' };
  const listen = [{ url: 'mqtt://127.0.0.1:0' }, { url: 'mqtts://127.0.0.1:0', ...secure }];
  const gateway = await Gateway.start(scene, {
    ...options,
    folder,
    config: { ...options.config, mqtt: { listen } },
  });
  const ready = gateway.log.find(({ msg }) => msg === 'ready')?.mqtt as string[];
  const { hostname, port } = new URL(ready[1] ?? '');
  return {
    gateway,
    secure: { host: hostname, port: Number(port) },
    authority,
    identity: (lane, leaf) => ({ ...authority.leaf(lane, leaf), ca: authority.cert }),
  };
}
