/** Connecting by hand, each step bounded in time, so that a probe can tell the layers apart. */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Timers } from '../base/clock.ts';
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

/** `work`, or an Error with the text `late` after the time-out, or when the signal says so. Late results are dropped. */
export async function inTime<T>(work: Promise<T>, late: string, bounds: Bounds): Promise<T> {
  const { timers, timeoutMs, signal } = bounds;
  let release = () => {};
  const limit = new Promise<never>((_resolve, reject) => {
    const stopped = () => reject(new Error('the probe was stopped'));
    const cancel = timers.after(timeoutMs, () => reject(new Error(late)));
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
  let last: unknown = new Error('the name has no address');
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
      return await untilReady(socket, 'connect', 'no answer to the TCP connect', bounds);
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
): Promise<Socket> {
  const { ca, cert, key } = options;
  const secure = connectTls({
    socket,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
  });
  return untilReady(secure, 'secureConnect', 'no answer to the TLS handshake', bounds);
}

async function untilReady(socket: Socket, event: string, late: string, bounds: Bounds): Promise<Socket> {
  const ready = new Promise<Socket>((resolve, reject) => {
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
