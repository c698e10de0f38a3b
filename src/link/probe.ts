/**
 * One probe of the way to the PMS, layer by layer: name, TCP, TLS, heartbeat. It measures and never throws; what follows
 * from a failure is decided in `verdict.ts`.
 */
import { lookup } from 'node:dns/promises';
import { isIP, type Socket } from 'node:net';
import type { Clock, Random, Timers } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { type Address, type Bounds, dialTcp, handshake, inTime, sleep } from './dial.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { ProbeOptions } from './options.ts';
import type { Layer, LayerVerdict } from './verdict.ts';

export interface ProbeParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Addresses of a host name. */
  readonly resolve: (host: string) => Promise<readonly Address[]>;
}

/** As every other program of the machine does it, hosts file included. */
export const systemResolve = (host: string): Promise<readonly Address[]> => lookup(host, { all: true });

export class Probe {
  readonly #options: ProbeOptions;
  readonly #parts: ProbeParts;
  readonly #heartbeat: Heartbeat;
  /** A look-up cannot be cancelled and holds one of Node's few worker threads: never have two under way. */
  #resolving = false;

  constructor(options: ProbeOptions, parts: ProbeParts, heartbeat: Heartbeat) {
    this.#options = options;
    this.#parts = parts;
    this.#heartbeat = heartbeat;
  }

  /** Verdicts for dns, tcp, tls and heartbeat, in this order; those above a failed layer are unknown. */
  async run(signal: AbortSignal): Promise<LayerVerdict[]> {
    const { host, port, secure } = targetOf(this.#options.pmsUrl);
    const bounds: Bounds = { timers: this.#parts.timers, timeoutMs: this.#options.timeoutMs, signal };
    const dns = await this.#measure('dns', () => this.#resolve(host, bounds));
    if (dns.value === null) return [dns.verdict, ...this.#untried(['tcp', 'tls', 'heartbeat'], 'no address')];
    const addresses = dns.value;
    const tcp = await this.#measure('tcp', () => this.#connect(addresses, port, bounds));
    const below = [dns.verdict, tcp.verdict];
    if (tcp.value === null) return [...below, ...this.#untried(['tls', 'heartbeat'], 'no connection')];
    const tls = await this.#tls(tcp.value, host, secure, bounds);
    if (tls.verdict === 'fail') return [...below, tls, ...this.#untried(['heartbeat'], 'no trusted connection')];
    const heartbeat = await this.#measure('heartbeat', () => this.#heartbeat.beat(signal));
    return [...below, tls, heartbeat.verdict];
  }

  async #tls(socket: Socket, host: string, secure: boolean, bounds: Bounds): Promise<LayerVerdict> {
    try {
      if (!secure) return this.#verdict('tls', 'unknown', null, 'not used: the address says http');
      const tls = await this.#measure('tls', () => handshake(socket, host, this.#options, bounds));
      tls.value?.destroy();
      return tls.verdict;
    } finally {
      socket.destroy();
    }
  }

  async #measure<T>(layer: Layer, work: () => Promise<T>): Promise<{ value: T | null; verdict: LayerVerdict }> {
    const startedMs = this.#parts.clock.monotonicMs();
    const elapsedMs = () => this.#parts.clock.monotonicMs() - startedMs;
    try {
      const value = await work();
      return { value, verdict: this.#verdict(layer, 'ok', elapsedMs(), null) };
    } catch (error) {
      return { value: null, verdict: this.#verdict(layer, 'fail', elapsedMs(), messageOf(error)) };
    }
  }

  #untried(layers: readonly Layer[], why: string): LayerVerdict[] {
    return layers.map((layer) => this.#verdict(layer, 'unknown', null, `not tried: ${why}`));
  }

  #verdict(
    layer: Layer,
    verdict: LayerVerdict['verdict'],
    latencyMs: number | null,
    reason: string | null,
  ): LayerVerdict {
    return { layer, verdict, latencyMs, reason, atMs: this.#parts.clock.utcMs() };
  }

  async #resolve(host: string, bounds: Bounds): Promise<readonly Address[]> {
    const family = isIP(host);
    if (family !== 0) return [{ address: host, family }];
    if (this.#resolving) throw new Error('an earlier look-up of the name has not ended yet');
    this.#resolving = true;
    const work = this.#parts.resolve(host).finally(() => {
      this.#resolving = false;
    });
    return inTime(work, 'no answer from the name server', bounds);
  }

  async #connect(addresses: readonly Address[], port: number, bounds: Bounds): Promise<Socket> {
    const { tcpRetries, tcpRetryBaseMs } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await dialTcp(addresses, port, bounds);
      } catch (error) {
        if (attempt >= tcpRetries || bounds.signal.aborted) throw error;
        await sleep(tcpRetryBaseMs * 2 ** attempt * (0.5 + this.#parts.random() / 2), bounds);
      }
    }
  }
}

function targetOf(pmsUrl: string): { host: string; port: number; secure: boolean } {
  const url = new URL(pmsUrl);
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port, secure };
}
