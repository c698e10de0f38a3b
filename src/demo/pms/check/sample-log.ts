/** An audit trail made up for checking a PMS as a witness. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { WitnessOffer } from '../../../record/wire.ts';
import { formatCheckpoint, formatOrigin } from '../../../tlog/checkpoint.ts';
import { leafHash, TreeHead } from '../../../tlog/merkle.ts';
import { type NoteSigner, noteSigner, signNote } from '../../../tlog/note.ts';
import { consistencyProof } from '../../../tlog/proof.ts';
import type { SampleStream } from './sample.ts';

/** What a batch carries of a trail. */
export interface ShownCheckpoint {
  readonly checkpoint: string;
  readonly witness: WitnessOffer;
}

export class SampleLog {
  readonly #origin: string;
  readonly #signer: NoteSigner;
  readonly #leaves: readonly Buffer[];

  /** `salt`: another one gives another trail of the same name. Without a private Ed25519 key it makes one of its own. */
  constructor(
    { gatewayId, epoch }: Pick<SampleStream, 'gatewayId' | 'epoch'>,
    entries: number,
    salt = '',
    key: KeyObject = generateKeyPairSync('ed25519').privateKey,
  ) {
    this.#origin = formatOrigin({ gatewayId, epoch, log: 'audit' });
    this.#signer = noteSigner(this.#origin, key);
    this.#leaves = Array.from({ length: entries }, (_none, index) => leafHash(`entry ${index}${salt}`));
  }

  /** The first `size` entries, to somebody who has cosigned `oldSize`. `by`: signed by that trail's key. */
  show(size: number, oldSize: number, by: SampleLog = this): ShownCheckpoint {
    const root = this.#subtree(0, size);
    const proof = consistencyProof(oldSize, size, (start, end) => this.#subtree(start, end));
    return {
      checkpoint: signNote(formatCheckpoint({ origin: this.#origin, size, root }), by.#signer),
      witness: {
        key: by.#signer.key.text,
        old_size: oldSize,
        proof: proof.map((hash) => hash.toString('base64')),
      },
    };
  }

  #subtree(start: number, end: number): Buffer {
    const head = new TreeHead();
    for (const leaf of this.#leaves.slice(start, end)) head.append(leaf);
    return head.root();
  }
}
