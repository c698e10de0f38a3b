/** Trails before their first checkpoint, for tests that are not about them. */
import type { SyncParts } from '../../src/sync/ports.ts';

export const NO_TRAIL: Pick<SyncParts, 'trail' | 'witnessKeys'> = {
  trail: {
    checkpoint: () => null,
    cosignedSize: () => 0,
    forWitness: async () => null,
    judge: async () => 'not_ours',
    takeCosignature: async () => {},
  },
  witnessKeys: { pinned: () => null, pin: async () => {} },
};
