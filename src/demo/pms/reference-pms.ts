/**
 * The reference PMS: a strict HTTP server for the PMS's side of the wire, with books of its own and faults to order.
 * It is what gateways are tested and demonstrated against, and the example for those who build the real far end.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, type Random, systemClock, systemTimers, type Timers } from '../../base/clock.ts';
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import { type Log, silentLog } from '../../base/log.ts';
import { cosigner } from '../../tlog/cosignature.ts';
import { answerControl, CONTROL_PREFIX } from './control.ts';
import { react } from './delivery.ts';
import { FaultSet } from './fault-set.ts';
import { type Reaction, Refusal } from './http.ts';
import { decideByHand } from './lookup.ts';
import { answerMinimal } from './minimal.ts';
import { answerRequest, type Limits, type Office, routeOf } from './routes.ts';
import type { Decision } from './rows.ts';
import { seededRandom } from './seeded.ts';
import { PmsStore } from './store.ts';

export interface ReferencePmsOptions {
  /** Where to listen, `http://HOST:PORT`; port 0 picks a free one. */
  readonly url: string;
  /** SQLite file, created if absent. */
  readonly dbFile: string;
  /** The Bearer token every request needs; absent or null: none is needed. */
  readonly token?: string | null;
  /** Faults in force from the start, `NAME[=ARG][@PROBABILITY][#COUNT]`. */
  readonly faults?: readonly string[];
  /** Opens `/_control/…`. */
  readonly control?: boolean;
  readonly clock?: Clock;
  readonly timers?: Timers;
  /** Decides about faults with a probability. */
  readonly random?: Random;
  readonly log?: Log;
  /** Who the PMS says verified a Schedule II record. */
  readonly verifierId?: string;
  readonly limits?: Limits;
  /** Under which name it cosigns checkpoints. */
  readonly witnessName?: string;
  /** Single records only, as `minimal.ts` says; absent or null: the whole contract. */
  readonly minimal?: { readonly echo: boolean } | null;
}

const LIMITS: Limits = { maxBodyBytes: 8 * 1024 * 1024, maxEntries: 5000 };

export class ReferencePms {
  /** Faults in force; may be switched at any time. */
  readonly faults: FaultSet;
  readonly #options: ReferencePmsOptions;
  readonly #waits = new Set<() => void>();
  #office: Office | null = null;
  #server: Server | null = null;

  constructor(options: ReferencePmsOptions) {
    this.#options = options;
    this.faults = new FaultSet(options.random ?? seededRandom(1));
  }

  /**
   * Opens the file and listens. `url` is the base URL with the port really taken, `witnessKey` the verifier key of its
   * cosignatures.
   * @throws CounterfoilError `usage`, `address_in_use`, or what `openPmsDatabase` throws; nothing is left open then.
   */
  async start(): Promise<{ readonly url: string; readonly witnessKey: string }> {
    const { hostname, port } = listenAddress(this.#options.url);
    for (const fault of this.#options.faults ?? []) this.faults.set(fault);
    const store = PmsStore.open(this.#options.dbFile);
    const office = this.#officeOver(store);
    this.#office = office;
    const server = createServer((request, response) => void this.#serve(request, response));
    try {
      await listen(server, hostname, port);
    } catch (error) {
      store.close();
      this.#office = null;
      const hint = 'stop the program that has it, or name another port in --url';
      throw new CounterfoilError('address_in_use', `cannot listen on ${this.#options.url}: ${messageOf(error)}`, hint);
    }
    this.#server = server;
    return { url: boundUrl(server.address(), hostname), witnessKey: office.cosigner.key.text };
  }

  /** Stops listening, cuts open connections and closes the file. What was answered is on disk. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    for (const endWait of this.#waits) endWait();
    await closed;
    this.#office?.store.close();
    this.#office = null;
  }

  /** Ends the verification of a waiting Schedule II record; false when that key is not waiting. */
  decideVerification(gatewayId: string, key: string, decision: Decision): boolean {
    if (this.#office === null) return false;
    const { store, verifierId, clock } = this.#office;
    return decideByHand(store, { gatewayId, key }, decision, verifierId, clock.utcMs());
  }

  #officeOver(store: PmsStore): Office {
    const { clock = systemClock, log, token, verifierId, limits, minimal, witnessName } = this.#options;
    const shifted = { ...clock, utcMs: () => clock.utcMs() + this.faults.clockShiftMs() };
    return {
      store,
      faults: this.faults,
      clock: shifted,
      log: log ?? silentLog,
      token: token ?? null,
      verifierId: verifierId ?? 'reference-pms',
      cosigner: cosigner(witnessName ?? 'reference-pms', store.cosigned.ownKey()),
      limits: limits ?? LIMITS,
      minimal: minimal ?? null,
    };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A peer that goes away in the middle is no event: whatever was committed stays, it will ask again.
    request.on('error', () => {});
    response.on('error', () => {});
    const reaction = await this.#answer(request);
    if (response.destroyed) return;
    const delivery = routeOf(pathOf(request)) === 'work' ? this.faults.onDelivery() : null;
    const utcMs = (this.#office?.clock ?? systemClock).utcMs();
    await react({ response, utcMs, wait: (delayMs) => this.#wait(delayMs) }, reaction, delivery);
  }

  async #answer(request: IncomingMessage): Promise<Reaction> {
    try {
      const path = pathOf(request);
      const controlled = this.#options.control === true && path.startsWith(CONTROL_PREFIX);
      const fault = controlled ? null : await this.#faultBefore(request, path);
      // Looked up after the wait: the PMS may have been stopped meanwhile.
      const office = this.#office;
      if (office === null) return 'drop';
      if (controlled) return await answerControl(office, request, path);
      const answer = office.minimal === null ? answerRequest : answerMinimal;
      return fault ?? (await answer(office, request, path));
    } catch (error) {
      if (error instanceof Refusal) return error.answer;
      if (request.destroyed || this.#office === null) return 'drop';
      this.#office.log.error('request failed', { error: messageOf(error) });
      return { status: 500, body: { error: 'internal' } };
    }
  }

  async #faultBefore(request: IncomingMessage, path: string): Promise<Reaction | null> {
    const delayMs = this.faults.delayMs();
    if (delayMs > 0) await this.#wait(delayMs);
    return this.faults.onRequest(routeOf(path), request.headers['content-encoding'] !== undefined);
  }

  /** Waits, or returns early when the PMS stops. */
  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        this.#waits.delete(end);
        resolve();
      };
      const cancel = (this.#options.timers ?? systemTimers).after(delayMs, end);
      this.#waits.add(end);
    });
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? '';
}

function listenAddress(text: string): { hostname: string; port: number } {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'http:' || url.pathname !== '/') {
    throw new CounterfoilError(
      'usage',
      `cannot listen on "${text}"`,
      'write http://HOST:PORT, for example http://127.0.0.1:8090',
    );
  }
  return { hostname: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 80 : Number(url.port) };
}

function listen(server: Server, hostname: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, hostname, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function boundUrl(address: AddressInfo | string | null, hostname: string): string {
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`;
}
