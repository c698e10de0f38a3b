/**
 * One time server, asked over UDP (RFC 5905 section 14, SNTP client). A poll is a few questions; the answer that was
 * fastest there and back counts, because its middle is known best.
 *
 * What a server asks for is obeyed: RATE doubles the time between polls, DENY and RSTR end them until the next start.
 */
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import type { Clock, Timers } from '../../base/clock.ts';
import { type Address, type Bounds, inTime, sleep } from '../dial.ts';
import { type NtpAnswer, ntpRequest, readNtpAnswer } from './ntp-packet.ts';
import type { Reading } from './reading.ts';

export interface NtpOptions {
  /** Questions of one poll, and the time between them. */
  readonly burst: number;
  readonly spacingMs: number;
  /** For one answer. */
  readonly timeoutMs: number;
  /** UTC; see `readNtpAnswer`. */
  readonly pivotMs: number;
}

export interface NtpParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly resolve: (host: string) => Promise<readonly Address[]>;
}

/** What came of the latest poll; `denied` is for good. */
export type NtpState = 'unasked' | 'ok' | 'silent' | 'unusable' | 'rate' | 'denied' | 'name_not_found';

/** An answer with the monotonic times around it. */
interface Answered {
  readonly kind: 'answer';
  readonly answer: Exclude<NtpAnswer, { kind: 'foreign' }>;
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
}

type Heard = Answered | { readonly kind: 'silent' | 'name_not_found' };

const NTP_PORT = 123;
/** RATE again and again: at most this many times the interval. */
const MAX_PATIENCE = 64;
const MAX_ADDRESSES = 4;

export class NtpServer {
  /** As it was configured. */
  readonly name: string;
  readonly #options: NtpOptions;
  readonly #parts: NtpParts;
  #state: NtpState = 'unasked';
  #patience = 1;
  #answered: string | null = null;

  /** `name` is `host` or `host:port`; an IPv6 address stands in brackets. */
  constructor(name: string, options: NtpOptions, parts: NtpParts) {
    this.name = name;
    this.#options = options;
    this.#parts = parts;
  }

  get state(): NtpState {
    return this.#state;
  }

  /** By how much the time between two polls is to be stretched. */
  get patience(): number {
    return this.#patience;
  }

  /** Asks a few times; the best reading, or null. Never rejects. Does nothing once the server has said DENY or RSTR. */
  async poll(signal: AbortSignal): Promise<Reading | null> {
    if (this.#state === 'denied') return null;
    const bounds: Bounds = { timers: this.#parts.timers, timeoutMs: this.#options.timeoutMs, signal };
    let best: Reading | null = null;
    for (let asked = 0; asked < this.#options.burst && !signal.aborted; asked += 1) {
      if (asked > 0) await sleep(this.#options.spacingMs, bounds);
      const heard = await this.#ask(bounds);
      if (signal.aborted) break;
      // Who does not answer one question hardly answers the next; the next poll comes soon enough.
      if (heard.kind !== 'answer' || heard.answer.kind !== 'time') {
        this.#note(heard, best !== null);
        return best;
      }
      const reading = readingOf(heard.answer, heard);
      if (best === null || reading.uncertaintyMs < best.uncertaintyMs) best = reading;
    }
    if (best === null) return null;
    this.#state = 'ok';
    this.#patience = Math.max(1, this.#patience / 2);
    return best;
  }

  #note(heard: Heard, answeredBefore: boolean): void {
    if (heard.kind === 'answer' && heard.answer.kind === 'kiss') {
      const { code } = heard.answer;
      this.#state = code === 'DENY' || code === 'RSTR' ? 'denied' : 'rate';
      this.#patience = Math.min(MAX_PATIENCE, this.#patience * 2);
      return;
    }
    // One lost answer of several is what UDP is like.
    if (answeredBefore) this.#state = 'ok';
    else this.#state = heard.kind === 'answer' ? 'unusable' : heard.kind;
  }

  /** Tries the addresses of the name one after the other, the one that answered last first. */
  async #ask(bounds: Bounds): Promise<Heard> {
    const { host, port } = targetOf(this.name);
    let addresses: readonly Address[];
    try {
      addresses = await inTime(this.#parts.resolve(host), 'name_server_silent', bounds);
    } catch {
      return { kind: 'name_not_found' };
    }
    if (addresses.length === 0) return { kind: 'name_not_found' };
    const known = addresses.filter(({ address }) => address === this.#answered);
    for (const { address, family } of [...known, ...addresses].slice(0, MAX_ADDRESSES)) {
      if (bounds.signal.aborted) break;
      const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
      try {
        const heard = await inTime(this.#answer(socket, address, port), 'connect_timeout', bounds);
        this.#answered = address;
        return heard;
      } catch {
        // Silent or out of reach; a box without IPv6 is told about IPv6 addresses too.
      } finally {
        socket.close();
      }
    }
    return { kind: 'silent' };
  }

  /** Sends a question and resolves with the first answer that is one; a connected socket hears nobody but the server. */
  #answer(socket: Socket, address: string, port: number): Promise<Answered> {
    const { clock } = this.#parts;
    const nonce = randomBytes(8);
    return new Promise((resolve, reject) => {
      let sentAtMs = 0;
      socket.on('error', reject);
      socket.on('message', (packet) => {
        const answeredAtMs = clock.monotonicMs();
        const answer = readNtpAnswer(packet, nonce, this.#options.pivotMs);
        if (answer.kind !== 'foreign') resolve({ kind: 'answer', answer, sentAtMs, answeredAtMs });
      });
      socket.connect(port, address, () => {
        sentAtMs = clock.monotonicMs();
        socket.send(ntpRequest(nonce));
      });
    });
  }
}

/** On-wire protocol, RFC 5905 section 8: the offset is right when both ways take the same time, else off by half the delay. */
function readingOf(
  { receivedMs, sentMs, distanceMs }: Extract<NtpAnswer, { kind: 'time' }>,
  { sentAtMs, answeredAtMs }: Answered,
): Reading {
  const delayMs = Math.max(0, answeredAtMs - sentAtMs - (sentMs - receivedMs));
  return {
    aheadMs: (receivedMs - sentAtMs + (sentMs - answeredAtMs)) / 2,
    uncertaintyMs: delayMs / 2 + distanceMs,
    takenAtMs: answeredAtMs,
  };
}

function targetOf(name: string): { host: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(name) ?? [];
  return { host: bracketed ?? plain ?? name, port: port === undefined ? NTP_PORT : Number(port) };
}
