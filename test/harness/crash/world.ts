/**
 * What the lanes know: every record they sent, on which connection under which packet identifier, and what came back.
 * One `World` lives through any number of gateway lives; after them it says what the disk must hold.
 */
import type { Expectation } from '../checker/expectation.ts';
import type { TestRecord } from './records.ts';

/** The part of a receipt that crash tests look at. */
export interface Receipt {
  readonly status: string;
  readonly state: string;
  readonly sequence: number | null;
  readonly laneHash: string;
}

/** Reads a receipt's JSON; null for what is not one. */
export function parseReceipt(payload: Buffer): Receipt | null {
  const value: unknown = JSON.parse(payload.toString());
  if (typeof value !== 'object' || value === null || !('status' in value) || !('lane_hash' in value)) return null;
  const { status, lane_hash: laneHash } = value;
  if (typeof status !== 'string' || typeof laneHash !== 'string') return null;
  const sequence = 'sequence' in value && typeof value.sequence === 'number' ? value.sequence : null;
  const state = 'state' in value && typeof value.state === 'string' ? value.state : '';
  return { status, state, sequence, laneHash: asHex(laneHash) };
}

/** Hashes travel as hexadecimal or base64; here they are hexadecimal. */
function asHex(hash: string): string {
  return /^[0-9a-f]{64}$/.test(hash) ? hash : Buffer.from(hash, 'base64').toString('hex');
}

export class World {
  readonly published = new Map<string, TestRecord>();
  readonly acknowledged = new Set<string>();
  readonly deferred = new Set<string>();
  /** Called with every PUBACK, before anything else can happen: for trouble at an exact moment. */
  onAcknowledged: (() => void) | null = null;
  /** Called with every receipt, after it was noted. */
  onReceipt: (() => void) | null = null;
  readonly #sequences = new Map<string, number>();
  readonly #synced = new Set<string>();
  readonly #places = new Map<string, string>();
  readonly #ports = new Set<number>();

  /** A record is about to be sent from local port `port` with packet identifier `packetId`. */
  noteSent(record: TestRecord, port: number, packetId: number): void {
    const place = `${port}:${packetId}`;
    // Were a port used twice, an acknowledgement would have two meanings.
    if (this.#places.has(place)) throw new Error(`connection place ${place} used twice`);
    this.#places.set(place, record.laneHash);
    this.#ports.add(port);
    this.published.set(record.laneHash, record);
  }

  /** Whether a lane has published from this local port. */
  isLane(port: number): boolean {
    return this.#ports.has(port);
  }

  /** lane_hash of what was sent there; undefined when it was not one of these lanes. */
  sentAt(port: number, packetId: number): string | undefined {
    return this.#places.get(`${port}:${packetId}`);
  }

  noteAcknowledged(laneHash: string): void {
    this.acknowledged.add(laneHash);
    this.onAcknowledged?.();
  }

  noteReceipt(receipt: Receipt): void {
    if (receipt.status === 'deferred') this.deferred.add(receipt.laneHash);
    if (receipt.sequence !== null) this.#sequences.set(receipt.laneHash, receipt.sequence);
    if (receipt.state === 'SYNCED') this.#synced.add(receipt.laneHash);
    this.onReceipt?.();
  }

  /** Sent and so far unanswered: what a till publishes again. */
  unacknowledged(): TestRecord[] {
    return [...this.published.values()].filter((record) => !this.acknowledged.has(record.laneHash));
  }

  /** What the disk must hold now, by everything the lanes have received. */
  expectation(): Expectation {
    return {
      published: new Set(this.published.keys()),
      acknowledged: this.acknowledged,
      sequences: this.#sequences,
      synced: this.#synced,
    };
  }
}
