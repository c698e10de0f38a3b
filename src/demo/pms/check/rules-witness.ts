/** Rules about the PMS as a witness of the trail. It need not be one; what it must never do is refuse records for it. */
import { SyncResponse, type WitnessError } from '../../../record/wire.ts';
import { verifyCosignature } from '../../../tlog/cosignature.ts';
import { parseNote } from '../../../tlog/note.ts';
import { parseVerifierKey } from '../../../tlog/verifier-key.ts';
import { Shortfall, wantResults } from './expect.ts';
import type { PeerAnswer } from './peer.ts';
import { AT, type CheckContext, type Rule } from './rule.ts';
import type { SampleStream } from './sample.ts';
import { SampleLog, type ShownCheckpoint } from './sample-log.ts';

const NO_WITNESS = 'it does not cosign checkpoints; that is allowed, and then nobody outside the store bears witness';

/** Sends the next record of a stream with a checkpoint beside it; the record must be taken whatever that is. */
class Sender {
  readonly #context: CheckContext;
  readonly sample: SampleStream;
  #number = 0;

  constructor(context: CheckContext) {
    this.#context = context;
    this.sample = context.stream();
  }

  async send(shown: { readonly checkpoint: unknown; readonly witness: unknown }, note: string): Promise<PeerAnswer> {
    this.#number += 1;
    const records = [this.sample.record(this.#number, 'NONE')];
    const answer = await this.#context.peer.sync({ ...this.sample.batch(records), ...shown }, { note });
    wantResults(answer, records, 'accepted');
    return answer;
  }

  /** The word about a checkpoint; null when there is none. */
  async show(shown: ShownCheckpoint, note: string): Promise<SyncResponse | null> {
    const word = SyncResponse.parse((await this.send(shown, note)).body);
    return word.cosignature == null && word.witness_error == null ? null : word;
  }
}

function wantCosigned(word: SyncResponse | null, shown: ShownCheckpoint): void {
  if (word?.cosignature == null) throw new Shortfall(`answers ${word?.witness_error?.code ?? 'nothing'} to a good one`);
  const key = parseVerifierKey(word.witness_key ?? '');
  if (!key.ok) throw new Shortfall('the answer has no witness_key by which the cosignature can be checked');
  const note = parseNote(shown.checkpoint);
  const lines = word.cosignature.trimEnd().split('\n');
  const text = note.ok ? note.note.text : '';
  if (lines.some((line) => verifyCosignature(line, text, key.key).ok)) return;
  throw new Shortfall('no line of the cosignature is true for this checkpoint and witness_key');
}

function wantRefused(word: SyncResponse | null, code: WitnessError['code'], size: number): void {
  const error = word?.witness_error;
  if (word?.cosignature != null) throw new Shortfall(`cosigns what is ${code}`);
  if (error?.code !== code) throw new Shortfall(`answers ${error?.code ?? 'nothing'} where ${code} is right`);
  if (error.size !== size) throw new Shortfall(`${code} names the size ${error.size} where ${size} is right`);
}

export const WITNESS_RULES: readonly Rule[] = [
  {
    name: 'checkpoint_harmless',
    demands: 'takes records whatever the checkpoint is',
    contract: 'Nothing about a checkpoint is a reason to refuse, delay or leave out the records beside it.',
    pointer: AT.schema('SyncRequest'),
    needsAccepted: true,
    async run(context) {
      const sender = new Sender(context);
      await sender.send({ checkpoint: null, witness: null }, 'without a checkpoint');
      await sender.send({ checkpoint: 'no checkpoint', witness: { key: 'none', old_size: 7, proof: [] } }, 'nonsense');
      const { checkpoint } = new SampleLog(sender.sample, 1).show(1, 0);
      await sender.send({ checkpoint, witness: null }, 'a checkpoint with nothing to cosign');
      return null;
    },
  },
  {
    name: 'witness',
    demands: 'cosigns a checkpoint that continues the one before',
    contract:
      'cosignature is a C2SP tlog-cosignature under the checkpoint, by witness_key; the next proof starts at its size.',
    pointer: AT.schema('SyncResponse'),
    needsAccepted: true,
    async run(context) {
      const sender = new Sender(context);
      const log = new SampleLog(sender.sample, 9, '', context.trailKey);
      const first = log.show(3, 0);
      const word = await sender.show(first, 'a first checkpoint');
      if (word === null) return NO_WITNESS;
      wantCosigned(word, first);
      const next = log.show(9, 3);
      wantCosigned(await sender.show(next, 'a checkpoint that continues it'), next);
      return null;
    },
  },
  {
    name: 'witness_refuses',
    demands: 'cosigns no other history, no other key, nothing unproved',
    contract: 'stale, inconsistent, unknown_key, each with the size cosigned last; that stays what it is.',
    pointer: AT.schema('WitnessError'),
    needsAccepted: true,
    async run(context) {
      const sender = new Sender(context);
      const log = new SampleLog(sender.sample, 12, '', context.trailKey);
      const other = new SampleLog(sender.sample, 12, ' of another history');
      const first = log.show(5, 0);
      const word = await sender.show(first, 'a first checkpoint');
      if (word === null) return NO_WITNESS;
      wantCosigned(word, first);
      wantRefused(await sender.show(log.show(8, 0), 'a proof from another size'), 'stale', 5);
      wantRefused(await sender.show(other.show(8, 5, log), 'another history'), 'inconsistent', 5);
      wantRefused(await sender.show(other.show(5, 5, log), 'another tree of that size'), 'inconsistent', 5);
      wantRefused(await sender.show(log.show(8, 5, other), 'another key'), 'unknown_key', 5);
      const next = log.show(12, 5);
      wantCosigned(await sender.show(next, 'the true one again'), next);
      return null;
    },
  },
];
