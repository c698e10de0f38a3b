/** Who is connected: lanes, their connections, and where each lane's receipts go. */
import type { Client } from 'aedes';
import type { LaneProof } from './identity.ts';
import { LaneClock } from './lane-clock.ts';

/** What the gateway remembers of one connection. */
export interface LaneSession {
  readonly client: Client;
  /** From the proof, or bound by the first topic used on a connection without one. */
  lane: string | null;
  /** Null on a connection that shows nothing. Its dates may change while it lasts. */
  proof: LaneProof | null;
  readonly address: string;
  /** Counts connections, so that it can be told which came first. */
  readonly number: number;
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
  /** How its connections have shown who they are; none: they have not, or there are none. */
  readonly proofs: readonly LaneProof[];
  /** How far the till's clock is ahead of ours, by its latest records (see `LaneClock`); null before the first. */
  readonly clockOffsetMs: number | null;
}

interface LaneFigures {
  lastSeenAtMs: number;
  publishes: number;
  refused: number;
  readonly clock: LaneClock;
}

/** One publish of a lane, for its figures. */
export interface Seen {
  readonly atMs: number;
  readonly refused: boolean;
  readonly aheadMs: number | null;
}

/** More lanes than any store has: a stranger on a plain listener must not grow our memory with invented names. */
const MAX_LANES = 1000;
/** Two, and two more that a till has left behind and the keep-alive has not ended yet. */
const MAX_PROVED_CONNECTIONS = 4;

export class Lanes {
  readonly #sessions = new Map<Client, LaneSession>();
  readonly #byLane = new Map<string, Set<LaneSession>>();
  readonly #figures = new Map<string, LaneFigures>();
  readonly #known = new Set<string>();
  #opened = 0;

  /** `proof` null: the connection shows nothing. What a lane has open beyond its due is closed, the oldest first. */
  open(client: Client, proof: LaneProof | null, address: string): LaneSession {
    this.#opened += 1;
    const session: LaneSession = {
      client,
      lane: null,
      proof,
      address,
      number: this.#opened,
      deferred: new Map(),
      receiptsQos: null,
    };
    this.#sessions.set(client, session);
    if (proof === null) return session;
    this.bind(session, proof.lane);
    const proved = this.#of(proof.lane).filter((each) => each.proof !== null);
    for (const old of proved.slice(0, -MAX_PROVED_CONNECTIONS)) old.client.conn.destroy();
    return session;
  }

  /** Ends every connection of a lane. */
  cut(lane: string): number {
    const sessions = this.#of(lane);
    for (const { client } of sessions) client.conn.destroy();
    return sessions.length;
  }

  /** Connections that have shown a certificate. */
  proved(): LaneSession[] {
    return [...this.#sessions.values()].filter(({ proof }) => proof !== null);
  }

  /**
   * Where else the lane is at work: a connection from another address that was opened after this one, which still sends. A
   * till that has moved leaves a silent one behind; a copied certificate leaves two that talk.
   */
  elsewhere(session: LaneSession): string | null {
    if (session.proof === null || session.lane === null) return null;
    const all = this.#byLane.get(session.lane);
    if (all === undefined || all.size < 2) return null;
    for (const other of all)
      if (other.number > session.number && other.address !== session.address) return other.address;
    return null;
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
    return this.#of(lane).filter((session) => session.receiptsQos !== null);
  }

  seen(lane: string, { aheadMs, atMs, refused }: Seen): void {
    const figures = this.#figures.get(lane) ?? { lastSeenAtMs: atMs, publishes: 0, refused: 0, clock: new LaneClock() };
    this.#figures.set(lane, figures);
    figures.lastSeenAtMs = atMs;
    figures.publishes += 1;
    if (refused) figures.refused += 1;
    if (aheadMs !== null) figures.clock.take(aheadMs);
  }

  /** Oldest first. */
  #of(lane: string): LaneSession[] {
    return [...(this.#byLane.get(lane) ?? [])];
  }

  #isFull(lane: string): boolean {
    return this.#known.size >= MAX_LANES && !this.#known.has(lane);
  }

  get connections(): number {
    return this.#sessions.size;
  }

  views(): LaneView[] {
    return [...this.#figures].map(([lane, { clock, ...figures }]) => ({
      lane,
      connections: this.#byLane.get(lane)?.size ?? 0,
      proofs: this.#of(lane).flatMap(({ proof }) => proof ?? []),
      clockOffsetMs: clock.offsetMs,
      ...figures,
    }));
  }
}
