/** An audit trail that grows as told, for the witness: true arithmetic, kept in memory. */
import { generateKeyPairSync } from 'node:crypto';
import type { TrailLog } from '../../src/buffer/api.ts';
import type { TrailPort } from '../../src/sync/ports.ts';
import { formatCheckpoint, formatOrigin, openCheckpoint } from '../../src/tlog/checkpoint.ts';
import { leafHash, TreeHead } from '../../src/tlog/merkle.ts';
import { type NoteSigner, noteSigner, signNote } from '../../src/tlog/note.ts';
import { consistencyProof } from '../../src/tlog/proof.ts';

export class SampleTrail implements TrailPort {
  readonly cosigned: { log: TrailLog; size: number; cosignature: string }[] = [];
  readonly judged: string[] = [];
  /** Set to make proofs wait. */
  proofs: Promise<void> = Promise.resolve();
  readonly #signer: NoteSigner;
  #leaves: Buffer[] = [];
  #note: string | null = null;

  constructor(gatewayId: string, epoch: string) {
    const origin = formatOrigin({ gatewayId, epoch, log: 'audit' });
    this.#signer = noteSigner(origin, generateKeyPairSync('ed25519').privateKey);
  }

  /** Adds entries, and a checkpoint over all there are. `salt`: other entries. */
  grow(entries: number, salt = ''): void {
    for (let at = 0; at < entries; at += 1) this.#leaves.push(leafHash(`entry ${this.#leaves.length}${salt}`));
    const size = this.#leaves.length;
    const root = this.#subtree(0, size);
    this.#note = signNote(formatCheckpoint({ origin: this.#signer.key.name, size, root }), this.#signer);
  }

  /** As a disk put back: this many entries, and none of what was cosigned since. */
  rollBack(size: number): void {
    this.#leaves = this.#leaves.slice(0, size);
    this.grow(0);
    const kept = this.cosigned.filter((one) => one.size <= size);
    this.cosigned.splice(0, this.cosigned.length, ...kept);
  }

  checkpoint(log: TrailLog): string | null {
    return log === 'audit' ? this.#note : null;
  }

  cosignedSize(log: TrailLog): number {
    return this.cosigned.filter((one) => one.log === log).at(-1)?.size ?? 0;
  }

  async forWitness(log: TrailLog, oldSize: number) {
    await this.proofs;
    const note = this.checkpoint(log);
    const size = this.#leaves.length;
    if (note === null || oldSize >= size) return null;
    const proof = consistencyProof(oldSize, size, (start, end) => this.#subtree(start, end));
    return { note, verifierKey: this.#signer.key.text, oldSize, proof };
  }

  async judge(_by: 'pms', note: string) {
    const reading = openCheckpoint(note, [this.#signer.key]);
    if (!reading.ok) return 'not_ours';
    const { size, root } = reading.checkpoint;
    const isHere = size <= this.#leaves.length;
    const verdict = !isHere ? 'ahead' : this.#subtree(0, size).equals(root) ? 'consistent' : 'fork';
    this.judged.push(verdict);
    return verdict;
  }

  async takeCosignature(log: TrailLog, size: number, cosignature: string): Promise<void> {
    this.cosigned.push({ log, size, cosignature });
  }

  #subtree(start: number, end: number): Buffer {
    const head = new TreeHead();
    for (const leaf of this.#leaves.slice(start, end)) head.append(leaf);
    return head.root();
  }
}
