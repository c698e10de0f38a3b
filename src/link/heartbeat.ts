/**
 * The heartbeat: `GET {pms}/api/v1/inventory/ping` over a connection that is kept. It passes only for JSON that says
 * `status: ok`; the page of a captive portal is a 200 too.
 */
import { Agent } from 'undici';
import type { Timers } from '../base/clock.ts';
import { PMS_PATHS } from '../record/wire.ts';
import { type ProbeOptions, TCP_KEEP_ALIVE_MS } from './options.ts';

/** A ping's answer is a line; a portal's page may be anything. */
const MAX_ANSWER_BYTES = 64 * 1024;

export class Heartbeat {
  readonly #options: ProbeOptions;
  readonly #timers: Timers;
  readonly #authorization: () => string | null;
  #agent: Agent | null = null;

  /** `authorization` gives the value of the header, null for none. */
  constructor(options: ProbeOptions, timers: Timers, authorization: () => string | null) {
    this.#options = options;
    this.#timers = timers;
    this.#authorization = authorization;
  }

  start(): void {
    const { timeoutMs, ca, cert, key } = this.#options;
    this.#agent = new Agent({
      allowH2: false,
      connections: 1,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connect: {
        timeout: timeoutMs,
        keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
        ...(ca === null ? {} : { ca }),
        ...(cert === null ? {} : { cert }),
        ...(key === null ? {} : { key }),
      },
    });
  }

  async stop(): Promise<void> {
    const agent = this.#agent;
    this.#agent = null;
    await agent?.destroy();
  }

  /** Resolves when the PMS answered as a PMS; rejects with an Error whose message says what came instead. */
  async beat(signal: AbortSignal): Promise<void> {
    const agent = this.#agent;
    if (agent === null) throw new Error('the heartbeat is not running');
    const late = new AbortController();
    const cancel = this.#timers.after(this.#options.timeoutMs, () => late.abort());
    try {
      await this.#exchange(agent, AbortSignal.any([signal, late.signal]));
    } catch (error) {
      throw late.signal.aborted ? new Error('no answer to the heartbeat') : error;
    } finally {
      cancel();
    }
  }

  async #exchange(agent: Agent, signal: AbortSignal): Promise<void> {
    const base = new URL(this.#options.pmsUrl);
    const authorization = this.#authorization();
    const { statusCode, body } = await agent.request({
      origin: base.origin,
      path: base.pathname.replace(/\/+$/, '') + PMS_PATHS.ping,
      method: 'GET',
      headers: {
        accept: 'application/json',
        'user-agent': 'counterfoil',
        ...(authorization === null ? {} : { authorization }),
      },
      signal,
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer to the heartbeat is far too long for a PMS');
      chunks.push(chunk);
    }
    if (statusCode !== 200) throw new Error(`the PMS answered the heartbeat with HTTP ${statusCode}`);
    if (!isPing(Buffer.concat(chunks))) throw new Error('something that is no PMS answered the heartbeat');
  }
}

function isPing(bytes: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && 'status' in value && value.status === 'ok';
  } catch {
    return false;
  }
}
