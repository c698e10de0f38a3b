/** Who is connected: lanes, their connections, and where each lane's receipts go. */
import type { Client } from 'aedes';

/** What the gateway remembers of one connection. */
export interface LaneSession {
  readonly client: Client;
  /** From the client certificate, or bound by the first topic used on a listener without certificates. */
  lane: string | null;
  readonly byCertificate: boolean;
  /**
   * Keys of records deferred on this connection, oldest first: later ones wait for each that `waits`, so that order holds.
   * One that came again and is in the queue is `again`; the next one may follow it there.
   */
  readonly deferred: Map<string, 'waits' | 'again'>;
  /** Granted quality of service of the receipts subscription, or null. */
  receiptsQos: 0 | 1 | null;
}

/** One lane as health shows it; counts since the gateway's start. */
export interface LaneView {
  readonly lane: string;
  readonly connections: number;
  readonly lastSeenAtMs: number;
  readonly publishes: number;
  readonly refused: number;
}

interface LaneFigures {
  lastSeenAtMs: number;
  publishes: number;
  refused: number;
}

/** More lanes than any store has: a stranger on a plain listener must not grow our memory with invented names. */
const MAX_LANES = 1000;

export class Lanes {
  readonly #sessions = new Map<Client, LaneSession>();
  readonly #byLane = new Map<string, Set<LaneSession>>();
  readonly #figures = new Map<string, LaneFigures>();
  readonly #known = new Set<string>();

  open(client: Client, certificateLane: string | null): LaneSession {
    const session: LaneSession = {
      client,
      lane: null,
      byCertificate: certificateLane !== null,
      deferred: new Map(),
      receiptsQos: null,
    };
    this.#sessions.set(client, session);
    if (certificateLane !== null) this.bind(session, certificateLane);
    return session;
  }

  session(client: Client): LaneSession | undefined {
    return this.#sessions.get(client);
  }

  /** Ties the connection to a lane; false when it already is another lane's, or there are too many lanes. */
  bind(session: LaneSession, lane: string): boolean {
    if (session.lane === lane) return true;
    if (session.lane !== null || this.#isFull(lane)) return false;
    session.lane = lane;
    this.#known.add(lane);
    const sessions = this.#byLane.get(lane) ?? new Set();
    sessions.add(session);
    this.#byLane.set(lane, sessions);
    return true;
  }

  close(client: Client): void {
    const session = this.#sessions.get(client);
    this.#sessions.delete(client);
    if (session?.lane == null) return;
    const sessions = this.#byLane.get(session.lane);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#byLane.delete(session.lane);
  }

  /** Whether anybody would read a receipt of this lane. */
  listens(lane: string): boolean {
    return this.listeners(lane).length > 0;
  }

  /** Sessions of a lane that listen for receipts. */
  listeners(lane: string): LaneSession[] {
    const sessions = this.#byLane.get(lane);
    if (sessions === undefined) return [];
    return [...sessions].filter((session) => session.receiptsQos !== null);
  }

  seen(lane: string, atMs: number, refused: boolean): void {
    const figures = this.#figures.get(lane);
    if (figures === undefined) {
      this.#figures.set(lane, { lastSeenAtMs: atMs, publishes: 1, refused: refused ? 1 : 0 });
      return;
    }
    figures.lastSeenAtMs = atMs;
    figures.publishes += 1;
    if (refused) figures.refused += 1;
  }

  #isFull(lane: string): boolean {
    return this.#known.size >= MAX_LANES && !this.#known.has(lane);
  }

  get connections(): number {
    return this.#sessions.size;
  }

  views(): LaneView[] {
    return [...this.#figures].map(([lane, figures]) => ({
      lane,
      connections: this.#byLane.get(lane)?.size ?? 0,
      ...figures,
    }));
  }
}
