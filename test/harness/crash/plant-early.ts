/**
 * Planted fault, loaded before the gateway with `--import`: a publish is answered when it is queued for the commit, not
 * when the commit is on disk. Test only; the gateway itself has no such switch.
 */
import { Committer } from '../../../src/intake/committer.ts';

const submit = Committer.prototype.submit;

Committer.prototype.submit = function (this: Committer, item, answer) {
  submit.call(this, item, () => undefined);
  // Of all answers this one lets the PUBACK go and needs no sequence, which nobody has given yet.
  const trail = { log: 'audit', index: 0, leaf: Buffer.alloc(32) } as const;
  answer({ status: 'conflict', state: 'CONFLICT', receivedAtMs: item.receivedAtMs, trail });
};
