/**
 * The rule of everybody who signs checkpoints of a trail: never a smaller tree and never another one for an origin. A
 * signer that keeps it cannot be made to tell two stories, not even by whoever owns the gateway; so it lives apart from it
 * (the sealer), and what it remembers must be on disk before a signature leaves.
 *
 * A new epoch is a new origin and starts afresh, because a gateway whose disk was lost cannot prove anything about the
 * old tree. What was signed for the old origin stays signed, and an origin that was left is never signed again.
 */
import { parseOrigin } from './checkpoint.ts';
import { verifyConsistency } from './proof.ts';

/** What was last signed for an origin. */
export interface RememberedHead {
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Buffer;
}

export interface SigningRequest extends RememberedHead {
  /** RFC 6962 consistency proof from the remembered size; empty when nothing is remembered for the origin. */
  readonly proof: readonly Buffer[];
}

export type SigningRefusal =
  /** Less than was signed before. */
  | 'smaller'
  /** Not what was signed before with more behind it, or it is not proved. */
  | 'inconsistent'
  /** No origin of this trail, or one whose epoch has ended. */
  | 'bad_origin';

export type SigningVerdict =
  | { readonly sign: true; readonly remember: readonly RememberedHead[] }
  | { readonly sign: false; readonly refusal: SigningRefusal };

/**
 * Whether to sign. `remembered` is the newest head of each origin this signer has signed for this trail, in the order
 * in which they began (empty at first); `remember` is what to keep instead, before anything is signed.
 */
export function judgeSigning(remembered: readonly RememberedHead[], request: SigningRequest): SigningVerdict {
  const { origin, size, root, proof } = request;
  const head = { origin, size, root };
  const newest = remembered.at(-1);
  if (newest?.origin !== origin) {
    const isKnown = remembered.some((past) => past.origin === origin);
    if (isKnown || !mayFollow(newest?.origin ?? null, origin)) return refuse('bad_origin');
    return { sign: true, remember: [...remembered, head] };
  }
  if (size < newest.size) return refuse('smaller');
  if (!verifyConsistency(newest.size, size, newest.root, root, proof)) return refuse('inconsistent');
  return { sign: true, remember: [...remembered.slice(0, -1), head] };
}

/** Same gateway, same log, another epoch. */
function mayFollow(previous: string | null, next: string): boolean {
  const after = parseOrigin(next);
  if (previous === null || after === null) return after !== null;
  const before = parseOrigin(previous);
  return before?.gatewayId === after.gatewayId && before.log === after.log && before.epoch !== after.epoch;
}

function refuse(refusal: SigningRefusal): SigningVerdict {
  return { sign: false, refusal };
}
