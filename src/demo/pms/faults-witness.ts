/** Faults of the PMS as a witness: what it says about the checkpoint, while records are answered rightly. */
import type { WitnessError } from '../../record/wire.ts';
import type { FaultHooks, FaultSetting, FaultSpec } from './fault-hooks.ts';
import type { WitnessWord } from './witness.ts';

/** Says something else than the truth, where there is something to say. */
const told = (tell: (word: WitnessWord, argument: number | null) => object) => {
  return ({ argument, happens }: FaultSetting): FaultHooks => ({
    onWitness: (word) => (Object.keys(word).length > 0 && happens() ? tell(word, argument) : word),
  });
};

const refusing = (code: WitnessError['code']) =>
  told((_word, size) => ({ witness_error: { code, size: size ?? 0, checkpoint: null } }));

/** The same line with other bytes of signature behind key id and time. */
function spoilt(word: WitnessWord): WitnessWord {
  const [dash = '', name = '', base64 = ''] = (word.cosignature ?? '').trimEnd().split(' ');
  const bytes = Buffer.from(base64, 'base64');
  const last = bytes.length - 1;
  if (last < 0) return word;
  bytes.writeUInt8(bytes.readUInt8(last) ^ 1, last);
  return { ...word, cosignature: `${dash} ${name} ${bytes.toString('base64')}\n` };
}

export const WITNESS_FAULTS = {
  no_cosignature: { argument: null, does: 'says nothing about checkpoints', hooks: told(() => ({})) },
  wrong_cosignature: { argument: null, does: 'cosigns with a signature that is not true', hooks: told(spoilt) },
  witness_stale: {
    argument: 'size it claims, 0',
    does: 'says of every checkpoint that it has cosigned another size last',
    hooks: refusing('stale'),
  },
  witness_inconsistent: {
    argument: 'size it claims, 0',
    does: 'says of every checkpoint that it does not continue what it has cosigned',
    hooks: refusing('inconsistent'),
  },
  witness_unknown_key: {
    argument: null,
    does: 'knows another key for every trail',
    hooks: refusing('unknown_key'),
  },
  witness_nonsense: {
    argument: null,
    does: 'says something about checkpoints that is not of the wire format',
    hooks: told(() => ({ cosignature: 42, witness_key: 'x'.repeat(10_000), witness_error: 'no' })),
  },
} as const satisfies Record<string, FaultSpec>;
