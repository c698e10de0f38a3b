/**
 * The heartbeat: `GET {pms}/api/v1/inventory/ping` over a connection that is kept. It passes only for JSON that says
 * `status: ok`; the page of a captive portal is a 200 too. A redirect is an answer like any other: it is not followed,
 * so the token goes nowhere else.
 */
import { Agent } from 'undici';
import type { Clock, Timers } from '../base/clock.ts';
import { PMS_PATHS } from '../record/wire.ts';
import { type FaultCode, faultOf, LinkFault } from './faults.ts';
import { type ProbeOptions, TCP_KEEP_ALIVE_MS } from './options.ts';

/** A ping's answer is a line; a portal's page may be anything. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** A heartbeat that passed, and what the PMS said about the time. */
export interface Pulse {
  /** Monotonic times just before the request left and just after the head of the answer came. */
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  /** The `Date` header (RFC 9110 section 6.6.1) and `time_utc` of the answer, as they came; null when absent. */
  readonly date: string | null;
  readonly timeUtc: string | null;
}

interface Answer {
  readonly statusCode: number;
  readonly type: string;
  readonly date: string | null;
  readonly body: Buffer;
  readonly answeredAtMs: number;
}

export interface HeartbeatParts {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Value of the `Authorization` header, null for none. */
  readonly authorization: () => string | null;
}

export class Heartbeat {
  readonly #options: ProbeOptions;
  readonly #parts: HeartbeatParts;
  #agent: Agent | null = null;

  constructor(options: ProbeOptions, parts: HeartbeatParts) {
    this.#options = options;
    this.#parts = parts;
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

  /** Resolves when the PMS answered as a PMS; rejects with a `LinkFault` that says what came instead. */
  async beat(signal: AbortSignal): Promise<Pulse> {
    const agent = this.#agent;
    if (agent === null) throw new LinkFault('stopped');
    const late = new AbortController();
    const cancel = this.#parts.timers.after(this.#options.timeoutMs, () => late.abort());
    const sentAtMs = this.#parts.clock.monotonicMs();
    try {
      const answer = await this.#exchange(agent, AbortSignal.any([signal, late.signal]));
      const fault = faultIn(answer);
      if (fault !== null) throw fault;
      return { sentAtMs, answeredAtMs: answer.answeredAtMs, date: answer.date, timeUtc: timeIn(answer.body) };
    } catch (error) {
      if (late.signal.aborted) throw new LinkFault('heartbeat_timeout');
      throw faultOf(error, 'heartbeat_broken');
    } finally {
      cancel();
    }
  }

  async #exchange(agent: Agent, signal: AbortSignal): Promise<Answer> {
    const base = new URL(this.#options.pmsUrl);
    const authorization = this.#parts.authorization();
    const { statusCode, headers, body } = await agent.request({
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
    const answeredAtMs = this.#parts.clock.monotonicMs();
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) throw new LinkFault('answer_too_large');
      chunks.push(chunk);
    }
    const { date } = headers;
    return {
      statusCode,
      answeredAtMs,
      type: String(headers['content-type'] ?? ''),
      date: typeof date === 'string' ? date : null,
      body: Buffer.concat(chunks),
    };
  }
}

function faultIn({ statusCode, type, body }: Answer): LinkFault | null {
  if (statusCode === 200) {
    if (fieldOf(body, 'status') === 'ok') return null;
    return new LinkFault(isPage(type, body) ? 'portal_page' : 'not_a_pms');
  }
  return new LinkFault(codeOfStatus(statusCode, isPage(type, body)), `HTTP ${statusCode}`);
}

function codeOfStatus(status: number, page: boolean): FaultCode {
  if (status >= 300 && status < 400) return 'redirected';
  switch (status) {
    case 401:
      return 'token_refused';
    case 403:
      return page ? 'filtered' : 'token_forbidden';
    case 404:
    case 405:
      return 'no_ping';
    // Network Authentication Required (RFC 6585 section 6): a portal that says what it is.
    case 511:
      return 'portal_page';
    case 429:
    case 503:
      return 'pms_busy';
    default:
      return status >= 500 ? 'pms_error' : 'http_status';
  }
}

function isPage(type: string, body: Buffer): boolean {
  return /^text\/html\b/i.test(type) || /^\s*<(!doctype|html)/i.test(body.toString('utf8', 0, 200));
}

function timeIn(body: Buffer): string | null {
  const value = fieldOf(body, 'time_utc');
  return typeof value === 'string' ? value : null;
}

/** A member of a JSON object; undefined when the bytes are none. */
function fieldOf(body: Buffer, name: string): unknown {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  } catch {
    return undefined;
  }
}
