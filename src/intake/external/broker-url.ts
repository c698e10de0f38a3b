/** How the gateway reaches and enters the shop's broker. */
import type { Socket } from 'node:net';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { parseListenUrl } from '../../base/config/address.ts';
import { CounterfoilError } from '../../base/errors.ts';

export interface BrokerAddress {
  /** `mqtt://host[:port]` or `mqtts://host[:port]`. */
  readonly url: string;
  readonly username: string | null;
  readonly password: string | null;
  /** PEM; null: the CAs this system trusts. */
  readonly ca: Buffer | null;
  /** Client certificate and key, PEM; both or neither. */
  readonly cert: Buffer | null;
  readonly key: Buffer | null;
}

/** Opens the socket; for TLS `ready` is `secureConnect`. Throws `config_invalid` for a URL, certificate or key that is none. */
export function dial(address: BrokerAddress): { readonly socket: Socket; readonly ready: string } {
  const target = parseListenUrl(address.url);
  if (target === null) throw new CounterfoilError('config_invalid', `${address.url} is no address of a broker`, HINT);
  const { host, port } = target;
  if (!target.secure) return { socket: connectTcp({ host, port, noDelay: true }), ready: 'connect' };
  try {
    const socket = connectTls({
      host,
      port,
      ...(address.ca === null ? {} : { ca: address.ca }),
      ...(address.cert === null || address.key === null ? {} : { cert: address.cert, key: address.key }),
      minVersion: 'TLSv1.2',
    });
    socket.setNoDelay(true);
    return { socket, ready: 'secureConnect' };
  } catch (error) {
    throw new CounterfoilError('config_invalid', 'the certificate or key for the broker cannot be used', HINT, error);
  }
}

const HINT = 'Check url, ca_file, cert_file and key_file under intake.external: PEM files that belong together.';
