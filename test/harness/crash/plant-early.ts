/**
 * Planted fault, loaded before the gateway with `--import`: a publish is answered when it is queued for the commit, not
 * when the commit is on disk. Test only; the gateway itself has no such switch.
 */
import { Committer } from '../../../src/intake/committer.ts';

const submit = Committer.prototype.submit;

Committer.prototype.submit = function (this: Committer, item, answer) {
  submit.call(this, item, () => undefined);
  // 'failed' lets the PUBACK go and writes no receipt, which would have to name a sequence nobody has given yet.
  answer({ status: 'failed' });
};
