/** Faults of batches and books: what is refused though it is right, and what is forgotten. */
import type { SyncRequest } from '../../record/wire.ts';
import { EVERYTHING, type FaultHooks, type FaultSetting, type FaultSpec } from './fault-hooks.ts';
import { answer } from './faults-answer.ts';
import type { Reaction } from './http.ts';

/** Whether this is the nth, 2nth … record of its stream. */
export const isNth = (record: { stream_sequence: number }, nth: number | null) =>
  record.stream_sequence % (nth ?? 2) === 0;

/** Meets every batch that holds an nth record; gap markers pass. */
const poisoned = (reaction: Reaction) => {
  return ({ argument, happens }: FaultSetting): FaultHooks => ({
    onBatch: (batch) => {
      const found = batch.records.some((entry) => !('gap' in entry) && isNth(entry, argument));
      return found && happens() ? reaction : null;
    },
  });
};

/** 409 with the number that `expected` makes of the batch. */
const conflict = (expected: (batch: SyncRequest, entries: number) => number) => {
  return ({ argument, happens }: FaultSetting): FaultHooks => ({
    onBatch: (batch) =>
      happens() ? { status: 409, body: { expected_sequence: expected(batch, argument ?? 1) } } : null,
  });
};

export const BATCH_FAULTS = {
  too_large: {
    argument: 'entries taken, 1',
    does: 'answers 413 to a batch with more entries',
    hooks: ({ argument, happens }) => ({
      onBatch: (batch) => (batch.records.length > (argument ?? 1) && happens() ? answer(413, 'too_large') : null),
    }),
  },
  conflict_higher: {
    argument: 'entries, 1',
    does: 'answers 409 as if it had the batch and some entries more, stores nothing',
    hooks: conflict((batch, entries) => batch.first_sequence + batch.records.length - 1 + entries),
  },
  conflict_lower: {
    argument: 'entries, 1',
    does: 'answers 409 as if it missed some entries before the batch, stores nothing',
    hooks: conflict((batch, entries) => Math.max(1, batch.first_sequence - entries)),
  },
  conflict_bare: {
    argument: null,
    does: 'answers 409 without a number, stores nothing',
    hooks: ({ happens }) => ({ onBatch: () => (happens() ? answer(409, 'conflict') : null) }),
  },
  unprocessable_every_nth: {
    argument: 'n, 2',
    does: 'answers 422 to a batch holding an nth record; gap markers pass',
    hooks: poisoned(answer(422, 'unprocessable')),
  },
  bad_request_every_nth: {
    argument: 'n, 2',
    does: 'answers 400 to a batch holding an nth record; gap markers pass',
    hooks: poisoned(answer(400, 'bad_request')),
  },
  error_500_every_nth: {
    argument: 'n, 2',
    does: 'answers 500 to a batch holding an nth record; gap markers pass',
    hooks: poisoned(answer(500, 'internal')),
  },
  reset_every_nth: {
    argument: 'n, 2',
    does: 'cuts the connection on a batch holding an nth record; gap markers pass',
    hooks: poisoned('drop'),
  },
  restored: {
    argument: 'entries, 5',
    does: 'forgets the newest entries of each stream before a batch, as after a restart from a backup; once',
    times: 1,
    hooks: ({ argument, happens }) => ({ onBooks: () => (happens() ? (argument ?? 5) : null) }),
  },
  emptied: {
    argument: null,
    does: 'forgets everything before a batch, as after a restart with empty books; once',
    times: 1,
    hooks: ({ happens }) => ({ onBooks: () => (happens() ? EVERYTHING : null) }),
  },
} as const satisfies Record<string, FaultSpec>;
