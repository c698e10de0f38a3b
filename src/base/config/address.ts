/**
 * Reading the addresses of the configuration, in one place, so that the part that binds a listener and the rule that
 * judges it cannot disagree about what is loopback.
 */
import { isIPv4 } from 'node:net';

export interface ListenAddress {
  readonly scheme: string;
  /** As `server.listen` takes it: no brackets around IPv6. */
  readonly host: string;
  /** TCP port; 0 picks a free one. */
  readonly port: number;
  /** TLS: `mqtts` or `https`. */
  readonly secure: boolean;
  /** Only programs on this machine can reach it. */
  readonly loopback: boolean;
}

const DEFAULT_PORT: Readonly<Record<string, number>> = { mqtt: 1883, mqtts: 8883, http: 80, https: 443 };

/** Parses an address without user, password, query and fragment; null when it is not one. */
export function parseUrl(value: string): URL | null {
  const url = URL.parse(value);
  if (url === null || url.hostname === '') return null;
  const bare = url.username === '' && url.password === '' && !/[?#@\s]/.test(value);
  return bare ? url : null;
}

/** Parses a listener's address (`mqtt`, `mqtts`, `http`, `https`; nothing after the port); null when it is not one. */
export function parseListenUrl(value: string): ListenAddress | null {
  const url = parseUrl(value);
  const scheme = url?.protocol.slice(0, -1) ?? '';
  const defaultPort = DEFAULT_PORT[scheme];
  if (url === null || defaultPort === undefined || (url.pathname !== '' && url.pathname !== '/')) return null;
  // Only http-like schemes get their host normalised (127.1 becomes 127.0.0.1), so mqtt borrows that.
  const hostname = URL.parse(value.replace(/^mqtts?:/, 'http:'))?.hostname;
  if (hostname === undefined) return null;
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? defaultPort : Number(url.port);
  return { scheme, host, port, secure: scheme.endsWith('s'), loopback: isLoopback(host) };
}

/** True for an address only programs on this machine can reach. Brackets around IPv6 are allowed. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (bare === 'localhost' || bare === '::1' || /^::ffff:7f[0-9a-f]{2}:/.test(bare)) return true;
  return isIPv4(bare) && bare.startsWith('127.');
}
