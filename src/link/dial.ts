/** Connecting by hand, each step bounded in time, so that a probe can tell the layers apart. */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Timers } from '../base/clock.ts';
import { type FaultCode, LinkFault } from './faults.ts';
import { type ProbeOptions, TCP_KEEP_ALIVE_MS } from './options.ts';

export interface Address {
  readonly address: string;
  /** 4 or 6. */
  readonly family: number;
}

/** What bounds an attempt. */
export interface Bounds {
  readonly timers: Timers;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** `work`, or the fault `late` after the time-out, or `stopped` when the signal says so. Late results are dropped. */
export async function inTime<T>(work: Promise<T>, late: FaultCode, bounds: Bounds): Promise<T> {
  const { timers, timeoutMs, signal } = bounds;
  let release = () => {};
  const limit = new Promise<never>((_resolve, reject) => {
    const stopped = () => reject(new LinkFault('stopped'));
    const cancel = timers.after(timeoutMs, () => reject(new LinkFault(late)));
    signal.addEventListener('abort', stopped, { once: true });
    if (signal.aborted) stopped();
    release = () => {
      cancel();
      signal.removeEventListener('abort', stopped);
    };
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    release();
  }
}

/** A connection to the first address that takes one; rejects with the last address's error. */
export async function dialTcp(addresses: readonly Address[], port: number, bounds: Bounds): Promise<Socket> {
  let last: unknown = new LinkFault('name_not_found', 'it has no address');
  for (const { address, family } of addresses) {
    if (bounds.signal.aborted) break;
    const socket = connectTcp({
      host: address,
      port,
      family,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
    });
    try {
      return await untilReady(socket, 'connect', 'connect_timeout', bounds);
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

/** TLS over an open connection, certificate checked for `host`. */
export async function handshake(
  socket: Socket,
  host: string,
  options: Pick<ProbeOptions, 'ca' | 'cert' | 'key'>,
  bounds: Bounds,
): Promise<TLSSocket> {
  const { ca, cert, key } = options;
  const secure = connectTls({
    socket,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
  });
  return untilReady(secure, 'secureConnect', 'tls_timeout', bounds);
}

/**
 * With TLS 1.3 our side of the handshake is done before the other side has looked at our certificate. Its session ticket
 * says that it was accepted; a refusal comes as an alert. Who sends no tickets has `graceMs` for the alert. Rejects with
 * the alert or the end of the connection.
 */
export function accepted(socket: TLSSocket, graceMs: number, bounds: Bounds): Promise<void> {
  if (socket.getProtocol() !== 'TLSv1.3') return Promise.resolve();
  return new Promise((resolve, reject) => {
    const cancel = bounds.timers.after(graceMs, resolve);
    const end = (then: () => void) => () => {
      cancel();
      then();
    };
    socket.once('session', end(resolve));
    socket.once('error', (error) => end(() => reject(error))());
    socket.once(
      'close',
      end(() => reject(new Error('the connection was closed'))),
    );
    // Alerts are only read while somebody reads.
    socket.resume();
  });
}

async function untilReady<T extends Socket>(socket: T, event: string, late: FaultCode, bounds: Bounds): Promise<T> {
  const ready = new Promise<T>((resolve, reject) => {
    // Stays attached: a reset after the connect must not become an uncaught error.
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
    socket.once(event, () => resolve(socket));
  });
  try {
    return await inTime(ready, late, bounds);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Waits, or less when the signal says so. */
export function sleep(delayMs: number, bounds: Bounds): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      bounds.signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = bounds.timers.after(delayMs, end);
    bounds.signal.addEventListener('abort', end);
    if (bounds.signal.aborted) end();
  });
}
