/**
 * Compares what somebody has seen of a trail with what is here. Whoever has seen more than there is, or something else of
 * the same size, is proof that this trail lost its end or was changed: that is written into the trail and shown.
 */
import type { TrailLog } from '../buffer/api.ts';
import type { TrailBodyOf, TrailKind } from '../record/trail-kinds.ts';
import type { WitnessVerdict } from './api.ts';
import type { TreeStore } from './tree-store.ts';
import type { TroubleTexts } from './troubles.ts';

export type Observer = 'signer' | 'buffer' | 'segments' | 'lane' | 'pms';

export interface SeenHead {
  readonly size: number;
  readonly root: Buffer;
}

export interface CompareParts {
  readonly log: TrailLog;
  readonly tree: TreeStore;
  /** Entries the buffer has fixed. */
  readonly fixed: () => number;
  /** Resolves when so many entries are in the segments, to whether they are. */
  readonly reached: (size: number) => Promise<boolean>;
  readonly tell: <K extends TrailKind>(kind: K, body: TrailBodyOf<K>) => void;
  readonly onTrouble: (trouble: TroubleTexts) => void;
}

export class Comparison {
  readonly #parts: CompareParts;
  /** What was told already: a lane shows the same checkpoint with each record. */
  readonly #told = new Set<string>();

  constructor(parts: CompareParts) {
    this.#parts = parts;
  }

  /** Judges a head whose signature is known to be ours. Throws when the tree cannot be read. */
  async judge(by: Observer, head: SeenHead): Promise<Exclude<WitnessVerdict, 'not_ours'>> {
    const { tree, fixed, reached } = this.#parts;
    if (head.size > fixed()) {
      this.lost(by, fixed(), head.size);
      return 'ahead';
    }
    // Not in the segments yet, and the disk does not take it: there is nothing to compare with.
    if (head.size > tree.size && !(await reached(head.size))) return 'consistent';
    const root = await tree.rootAt(head.size);
    if (root.equals(head.root)) return 'consistent';
    this.forked(by, head);
    return 'fork';
  }

  /** Somebody has seen `known` entries where there are `have`. */
  lost(by: Observer, have: number, known: number): void {
    this.#once(`tail_lost ${by} ${known}`, () => {
      this.#parts.tell('tail_lost', { by, have, known });
      this.#parts.onTrouble({
        code: 'tail_lost',
        message: `${known - have} entries that were seen by ${WHO[by]} are not here (${known} seen, ${have} here)`,
        hint: 'Something older was put back, or the disk lost what it had said was written. Keep a copy of trail_dir and data_dir, have the lanes send again what they keep, and run "counterfoil trail verify".',
      });
    });
  }

  forked(by: Observer, { size, root }: SeenHead): void {
    this.#once(`fork ${by} ${size}`, () => {
      this.#parts.tell('fork', { by, root: root.toString('base64'), size });
      this.#parts.onTrouble({
        code: 'fork',
        message: `${WHO[by]} holds a checkpoint of ${size} entries with another root`,
        hint: 'The trail on this disk is not the one that was signed: something was changed or put in its place. Keep a copy of trail_dir and data_dir, and run "counterfoil trail verify".',
      });
    });
  }

  #once(what: string, tell: () => void): void {
    if (this.#told.has(what)) return;
    if (this.#told.size < TOLD_LIMIT) this.#told.add(what);
    tell();
  }
}

const TOLD_LIMIT = 256;

const WHO: Readonly<Record<Observer, string>> = {
  signer: 'the signer',
  buffer: 'the buffer',
  segments: 'the segments',
  lane: 'a lane',
  pms: 'the PMS',
};
