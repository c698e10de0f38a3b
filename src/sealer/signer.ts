/** Signs checkpoints by the rule of tlog/signer.ts, and remembers on disk before the signature leaves. */
import type { KeyObject } from 'node:crypto';
import { CounterfoilError } from '../base/errors.ts';
import type { SealedLog, SealerState, SignParams } from '../base/sealer-wire.ts';
import { formatCheckpoint, parseOrigin } from '../tlog/checkpoint.ts';
import { noteSigner, signNote } from '../tlog/note.ts';
import { judgeSigning, type RememberedHead, type SigningRefusal } from '../tlog/signer.ts';
import { rawPublicKey } from '../tlog/verifier-key.ts';
import type { SigningState } from './signing-state.ts';

export class Signer {
  readonly #state: SigningState;

  constructor(state: SigningState) {
    this.#state = state;
  }

  /** 32 bytes in base64. */
  get publicKey(): string {
    return rawPublicKey(this.#state.privateKey).toString('base64');
  }

  /** The newest checkpoint of a trail, as it was signed; null before the first. */
  newest(log: SealedLog): SealerState['logs']['audit']['head'] {
    const head = this.#state.heads(log).at(-1);
    if (head === undefined) return null;
    return { ...head, root: head.root.toString('base64'), note: signHead(this.#state.privateKey, head) };
  }

  /** The signed note. Throws `checkpoint_refused` when it would contradict what was signed before. */
  sign({ log, origin, size, root, proof }: SignParams): string {
    if (parseOrigin(origin)?.log !== log) throw refused(log, 'bad_origin');
    const head = { origin, size, root: Buffer.from(root, 'base64') };
    const asked = { ...head, proof: proof.map((hash) => Buffer.from(hash, 'base64')) };
    const verdict = judgeSigning(this.#state.heads(log), asked);
    if (!verdict.sign) throw refused(log, verdict.refusal);
    this.#state.remember(log, verdict.remember);
    return signHead(this.#state.privateKey, head);
  }
}

/** Ed25519 signs the same text alike each time, so a note need not be kept. */
function signHead(privateKey: KeyObject, head: RememberedHead): string {
  return signNote(formatCheckpoint(head), noteSigner(head.origin, privateKey));
}

const WHY: Readonly<Record<SigningRefusal, string>> = {
  smaller: 'it has fewer entries than a checkpoint that was signed before',
  inconsistent: 'it is not proved to have everything in it that was signed before',
  bad_origin: 'its origin is none of this trail, or one whose epoch has ended',
};

function refused(log: SealedLog, refusal: SigningRefusal): CounterfoilError {
  return new CounterfoilError(
    'checkpoint_refused',
    `the signer refuses a checkpoint of ${log}: ${WHY[refusal]}`,
    'Entries were lost or changed. Copy the trail as it is and run "counterfoil trail verify" with witnesses on it.',
  );
}
