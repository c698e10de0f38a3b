/**
 * What somebody might do to a trail, one attack each. Every attack starts from a good recording and gives the files as the
 * attacker would leave them. Those with `key` re-sign: the attacker has the box's signing key, but not the witnesses'.
 */
import { DISK_ATTACKS } from './disk-attacks.ts';
import { KEY_ATTACKS } from './key-attacks.ts';
import type { Witnesses } from './sample-trail.ts';
import type { Files, Target } from './target.ts';

export interface Attack {
  /** As the table says it. */
  readonly what: string;
  /** Whether the attacker has the signing key. */
  readonly key: boolean;
  readonly apply: (target: Target) => Files;
  /** Beside what the recording has: what the attack itself shows to people outside. */
  readonly shown?: (target: Target) => Witnesses;
  /** Said where even witnesses do not find it. */
  readonly why?: string;
}

export const ATTACKS: readonly Attack[] = [...DISK_ATTACKS, ...KEY_ATTACKS];

/** Everything people outside have after an attack. */
export function witnessesOf(target: Target, attack: Attack): Witnesses {
  const { receipts, cosigned } = target.recording.witnesses;
  const shown = attack.shown?.(target) ?? { receipts: [], cosigned: [] };
  return { receipts: [...receipts, ...shown.receipts], cosigned: [...cosigned, ...shown.cosigned] };
}
