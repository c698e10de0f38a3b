/** What goes wrong at real tills: a few in a hundred publishes, each with the answer that a gateway owes to it. */
import type { Random } from '../../base/clock.ts';
import { mistyped } from './people.ts';
import { pick, pickWeighted } from './random.ts';
import type { SimulatedRecord, SimulatedStore } from './store.ts';

/** What the gateway should answer. `flagged` is accepted with a flag beyond those every Schedule II record has. */
export type ExpectedAnswer = 'accepted' | 'flagged' | 'refused' | 'duplicate' | 'conflict';

/** A record for a lane's outbox, or bytes that are published as they are. */
export type Publish =
  | { readonly type: 'record'; readonly record: SimulatedRecord }
  | { readonly type: 'bytes'; readonly bytes: Buffer };

export interface Planned {
  readonly publish: Publish;
  readonly expected: ExpectedAnswer;
}

/** A record that was resent or contradicted must have had time to arrive. */
const SETTLED_AFTER_MS = 3_000;

const asRecord = (record: SimulatedRecord): Publish => ({ type: 'record', record });

type Trouble = (store: SimulatedStore, random: Random, lane: number, atMs: number) => Planned | null;

function mistypedNpi(store: SimulatedStore, atMs: number): Planned {
  const record = store.draft(atMs);
  return { publish: { ...record, pharmacist_npi: mistyped(String(record.pharmacist_npi)) }, expected: 'flagged' };
}

const npiMistyped: Trouble = (store, _random, _lane, atMs) => mistypedNpi(store, atMs);

const prescriberMistyped: Trouble = (store, _random, _lane, atMs) => {
  const record = store.draft(atMs);
  const { prescriber_dea: dea } = record;
  return typeof dea === 'string'
    ? { publish: { ...record, prescriber_dea: mistyped(dea) }, expected: 'flagged' }
    : null;
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
  return { publish: { ...members, idempotency_key: store.newKey() }, expected: 'refused' };
};

const valueUnknown: Trouble = (store, random, _lane, atMs) => {
  const wrong = pick(random, [
    { schedule: 'VI' },
    { quantity: -1 },
    { quantity: '1.2345' },
    { dispensed_at_utc: 'noon' },
  ]);
  return { publish: { ...store.draft(atMs), ...wrong }, expected: 'refused' };
};

const notJson: Trouble = (store, random, _lane, atMs) => {
  const text = JSON.stringify(store.draft(atMs));
  return { publish: Buffer.from(text.slice(0, Math.floor(text.length * random()))), expected: 'refused' };
};

const resent: Trouble = (store, _random, lane, atMs) => {
  const sold = store.recall(lane, atMs - SETTLED_AFTER_MS);
  return sold === null ? null : { publish: sold.record, expected: 'duplicate' };
};

const keyUsedTwice: Trouble = (store, _random, lane, atMs) => {
  const sold = store.recall(lane, atMs - SETTLED_AFTER_MS);
  if (sold === null) return null;
  const record = { ...store.draft(atMs), idempotency_key: sold.record.idempotency_key };
  return { publish: record, expected: 'conflict' };
};

const soldTwice: Trouble = (store, _random, lane, atMs) => {
  const sold = store.recall(lane, atMs - SETTLED_AFTER_MS);
  return sold === null ? null : { publish: { ...sold.record, idempotency_key: store.newKey() }, expected: 'flagged' };
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
  ]);
  return trouble(store, random, lane, atMs) ?? mistypedNpi(store, atMs);
}
