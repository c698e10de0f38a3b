/** The trail's side of those outside the box who have seen it: what to send them, and what their word means here. */
import type { TrailLog } from '../buffer/api.ts';
import { parseOrigin } from '../tlog/checkpoint.ts';
import type { CheckpointSigner, WitnessedCheckpoint, WitnessVerdict } from './api.ts';
import { type LogTrail, openOwnNote } from './log-trail.ts';
import { LOGS } from './names.ts';

/** Verdicts kept: a lane shows the same checkpoint with every record until it hears of a newer one. */
const KEPT = 64;

export interface WitnessParts {
  readonly gatewayId: string;
  readonly signer: CheckpointSigner;
  readonly trail: (log: TrailLog) => LogTrail | null;
}

export class Witnesses {
  readonly #parts: WitnessParts;
  readonly #verdicts = new Map<string, WitnessVerdict>();

  constructor(parts: WitnessParts) {
    this.#parts = parts;
  }

  /** Newest checkpoint and the proof that what the witness knows is its beginning; null when it knows all of it. */
  async forWitness(log: TrailLog, oldSize: number): Promise<WitnessedCheckpoint | null> {
    const trail = this.#parts.trail(log);
    const newest = trail?.checkpointer.newest();
    if (trail === null || newest === null || newest === undefined || newest.size <= oldSize) return null;
    const origin = newest.note.slice(0, newest.note.indexOf('\n'));
    const [verifierKey, proof] = await Promise.all([
      this.#parts.signer.verifierKey(origin),
      trail.tree.consistency(oldSize, newest.size),
    ]);
    return { note: newest.note, verifierKey, oldSize, proof };
  }

  /** What somebody's checkpoint says about this trail. A note that our key has not signed says nothing about it. */
  async judge(by: 'lane' | 'pms', note: string): Promise<WitnessVerdict> {
    const known = this.#verdicts.get(note);
    if (known !== undefined) return known;
    const verdict = await this.#judgeNew(by, note);
    // What is ahead today may be reached tomorrow.
    if (verdict !== 'ahead') this.#keep(note, verdict);
    return verdict;
  }

  async #judgeNew(by: 'lane' | 'pms', note: string): Promise<WitnessVerdict> {
    const origin = parseOrigin(note.slice(0, Math.max(0, note.indexOf('\n'))));
    const log = LOGS.find((name) => name === origin?.log);
    if (origin?.gatewayId !== this.#parts.gatewayId || log === undefined) return 'not_ours';
    const trail = this.#parts.trail(log);
    const head = await openOwnNote(this.#parts.signer, note);
    if (head === null || trail === null) return 'not_ours';
    return await trail.comparison.judge(by, head);
  }

  #keep(note: string, verdict: WitnessVerdict): void {
    this.#verdicts.set(note, verdict);
    const oldest = this.#verdicts.keys().next().value;
    if (this.#verdicts.size > KEPT && oldest !== undefined) this.#verdicts.delete(oldest);
  }
}
