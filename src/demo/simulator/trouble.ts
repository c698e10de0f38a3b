/** What goes wrong at real tills: a few in a hundred publishes, each with the answer that a gateway owes to it. */
import type { Random } from '../../base/clock.ts';
import { mistyped } from './people.ts';
import { pick, pickWeighted } from './random.ts';
import { otherSigner, signerOf } from './signers.ts';
import type { SimulatedRecord, SimulatedStore } from './store.ts';

/** What the gateway should answer. `flagged` is accepted with a flag. */
export type ExpectedAnswer = 'accepted' | 'flagged' | 'refused' | 'duplicate' | 'conflict';

/** A record for a lane's outbox, or bytes that are published as they are. */
type Publish =
  | {
      readonly type: 'record';
      readonly record: SimulatedRecord;
      /** `kid` of the one who signs it; null for nobody. */
      readonly signer: string | null;
    }
  | { readonly type: 'bytes'; readonly bytes: Buffer };

export interface Planned {
  readonly publish: Publish;
  readonly expected: ExpectedAnswer;
}

/** A record with the answer it should get, signed as it should be or by another one (null: by nobody). */
export function planned(record: SimulatedRecord, expected: ExpectedAnswer, signer = signerOf(record)): Planned {
  return { publish: { type: 'record', record, signer }, expected };
}

/** A record that was resent or contradicted must have had time to arrive. */
const SETTLED_AFTER_MS = 3_000;

type Trouble = (store: SimulatedStore, random: Random, lane: number, atMs: number) => Planned | null;

function mistypedNpi(store: SimulatedStore, atMs: number): Planned {
  const record = store.draft(atMs);
  return planned({ ...record, pharmacist_npi: mistyped(String(record.pharmacist_npi)) }, 'flagged');
}

const npiMistyped: Trouble = (store, _random, _lane, atMs) => mistypedNpi(store, atMs);

const prescriberMistyped: Trouble = (store, _random, _lane, atMs) => {
  const record = store.draft(atMs);
  const { prescriber_dea: dea } = record;
  return typeof dea === 'string' ? planned({ ...record, prescriber_dea: mistyped(dea) }, 'flagged') : null;
};

const fieldMissing: Trouble = (store, random, _lane, atMs) => {
  const { ...members }: Record<string, unknown> = store.draft(atMs);
  const missing = pick(random, [
    'ndc',
    'quantity',
    'schedule',
    'prescription_id',
    'pharmacist_npi',
    'dispensed_at_utc',
  ]);
  delete members[missing];
  return planned({ ...members, idempotency_key: store.newKey() }, 'refused');
};

const valueUnknown: Trouble = (store, random, _lane, atMs) => {
  const wrong = pick(random, [
    { schedule: 'VI' },
    { quantity: -1 },
    { quantity: '1.2345' },
    { dispensed_at_utc: 'noon' },
  ]);
  return planned({ ...store.draft(atMs), ...wrong }, 'refused');
};

const notJson: Trouble = (store, random, _lane, atMs) => {
  const text = JSON.stringify(store.draft(atMs));
  const bytes = Buffer.from(text.slice(0, Math.floor(text.length * random())));
  return { publish: { type: 'bytes', bytes }, expected: 'refused' };
};

const resent: Trouble = (store, _random, lane, atMs) => {
  const sold = store.recall(lane, atMs - SETTLED_AFTER_MS);
  return sold === null ? null : planned(sold.record, 'duplicate');
};

const keyUsedTwice: Trouble = (store, _random, lane, atMs) => {
  const sold = store.recall(lane, atMs - SETTLED_AFTER_MS);
  if (sold === null) return null;
  return planned({ ...store.draft(atMs), idempotency_key: sold.record.idempotency_key }, 'conflict');
};

const soldTwice: Trouble = (store, _random, lane, atMs) => {
  const sold = store.recall(lane, atMs - SETTLED_AFTER_MS);
  return sold === null ? null : planned({ ...sold.record, idempotency_key: store.newKey() }, 'flagged');
};

const unsigned: Trouble = (store, _random, _lane, atMs) => planned(store.draft(atMs, 'II'), 'flagged', null);

const signedByAnother: Trouble = (store, _random, _lane, atMs) => {
  const record = store.draft(atMs, 'II');
  return planned(record, 'flagged', otherSigner(signerOf(record)));
};

/** One mishap; a mistyped NPI when the one that was drawn needs something that is not there. */
export function goWrong(store: SimulatedStore, random: Random, lane: number, atMs: number): Planned {
  const trouble = pickWeighted<Trouble>(random, [
    [25, npiMistyped],
    [10, prescriberMistyped],
    [20, fieldMissing],
    [10, valueUnknown],
    [5, notJson],
    [15, resent],
    [8, keyUsedTwice],
    [7, soldTwice],
    [6, unsigned],
    [4, signedByAnother],
  ]);
  return trouble(store, random, lane, atMs) ?? mistypedNpi(store, atMs);
}
