/**
 * One probe of the way to the PMS, layer by layer: name, TCP, TLS, heartbeat. It measures and never throws; what follows
 * from a failure is decided in `verdict.ts`.
 */
import { lookup } from 'node:dns/promises';
import { isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock, Random, Timers } from '../base/clock.ts';
import { type Address, accepted, type Bounds, dialTcp, handshake, inTime, sleep } from './dial.ts';
import { FAULTS, type FaultCode, faultOf, LinkFault } from './faults.ts';
import type { Heartbeat, Pulse } from './heartbeat.ts';
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

export interface ProbeResult {
  /** For dns, tcp, tls and heartbeat, in this order; those above a failed layer are unknown. */
  readonly verdicts: readonly LayerVerdict[];
  /** The heartbeat that passed; null when it did not. */
  readonly pulse: Pulse | null;
  /** UTC when the certificate the PMS showed ends; null when none was accepted. */
  readonly certificateUntilMs: number | null;
}

/** A refusal of our certificate is here within a round trip of the handshake, also from a busy PMS. */
const TICKET_GRACE_MS = 1_500;

/** The fault of a layer's error that has no code of its own. */
const OTHERWISE = {
  dns: 'name_lookup_failed',
  tcp: 'connection_failed',
  tls: 'tls_broken',
  heartbeat: 'heartbeat_broken',
} as const satisfies Record<string, FaultCode>;
type ProbedLayer = keyof typeof OTHERWISE;

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

  /** Never rejects. */
  async run(signal: AbortSignal): Promise<ProbeResult> {
    const { host, port, secure } = targetOf(this.#options.pmsUrl);
    const bounds: Bounds = { timers: this.#parts.timers, timeoutMs: this.#options.timeoutMs, signal };
    const dns = await this.#measure('dns', () => this.#resolve(host, bounds));
    if (dns.value === null) return found([dns.verdict, ...this.#untried(['tcp', 'tls', 'heartbeat'], 'no address')]);
    const addresses = dns.value;
    const tcp = await this.#measure('tcp', () => this.#connect(addresses, port, bounds));
    const below = [dns.verdict, tcp.verdict];
    if (tcp.value === null) return found([...below, ...this.#untried(['tls', 'heartbeat'], 'no connection')]);
    const tls = await this.#tls(tcp.value, host, secure, bounds);
    below.push(tls.verdict);
    if (tls.verdict.verdict === 'fail')
      return found([...below, ...this.#untried(['heartbeat'], 'no trusted connection')]);
    const heartbeat = await this.#measure('heartbeat', () => this.#heartbeat.beat(signal));
    return { verdicts: [...below, heartbeat.verdict], pulse: heartbeat.value, certificateUntilMs: tls.untilMs };
  }

  async #tls(
    socket: Socket,
    host: string,
    secure: boolean,
    bounds: Bounds,
  ): Promise<{ verdict: LayerVerdict; untilMs: number | null }> {
    try {
      if (!secure) return { verdict: this.#unknown('tls', 'not used: the address says http'), untilMs: null };
      const tls = await this.#measure('tls', () => handshake(socket, host, this.#options, bounds));
      if (tls.value === null) return { verdict: tls.verdict, untilMs: null };
      const untilMs = Date.parse(tls.value.getPeerCertificate().valid_to);
      const { refusal } = await this.#accepted(tls.value, bounds);
      tls.value.destroy();
      return { verdict: refusal ?? tls.verdict, untilMs: Number.isNaN(untilMs) ? null : untilMs };
    } finally {
      socket.destroy();
    }
  }

  /** Not part of the latency: a server that sends no session ticket keeps us waiting for nothing. */
  async #accepted(socket: TLSSocket, bounds: Bounds): Promise<{ refusal: LayerVerdict | null }> {
    const { verdict } = await this.#measure('tls', () => accepted(socket, TICKET_GRACE_MS, bounds));
    return { refusal: verdict.verdict === 'fail' ? verdict : null };
  }

  async #measure<T>(layer: ProbedLayer, work: () => Promise<T>): Promise<{ value: T | null; verdict: LayerVerdict }> {
    const { clock } = this.#parts;
    const startedMs = clock.monotonicMs();
    const taken = () => ({ layer, latencyMs: clock.monotonicMs() - startedMs, atMs: clock.utcMs() });
    try {
      const value = await work();
      return { value, verdict: { ...taken(), verdict: 'ok', code: null, reason: null, advice: null } };
    } catch (error) {
      const { fault, message } = faultOf(error, OTHERWISE[layer]);
      const { advice } = FAULTS[fault];
      return { value: null, verdict: { ...taken(), verdict: 'fail', code: fault, reason: message, advice } };
    }
  }

  #untried(layers: readonly Layer[], why: string): LayerVerdict[] {
    return layers.map((layer) => this.#unknown(layer, `not tried: ${why}`));
  }

  #unknown(layer: Layer, reason: string): LayerVerdict {
    const atMs = this.#parts.clock.utcMs();
    return { layer, verdict: 'unknown', latencyMs: null, code: null, reason, advice: null, atMs };
  }

  async #resolve(host: string, bounds: Bounds): Promise<readonly Address[]> {
    const family = isIP(host);
    if (family !== 0) return [{ address: host, family }];
    if (this.#resolving) throw new LinkFault('name_server_silent', 'an earlier look-up has not ended yet');
    this.#resolving = true;
    const work = this.#parts.resolve(host).finally(() => {
      this.#resolving = false;
    });
    return inTime(work, 'name_server_silent', bounds);
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

function found(verdicts: readonly LayerVerdict[]): ProbeResult {
  return { verdicts, pulse: null, certificateUntilMs: null };
}

function targetOf(pmsUrl: string): { host: string; port: number; secure: boolean } {
  const url = new URL(pmsUrl);
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port, secure };
}
