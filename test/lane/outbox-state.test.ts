import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSettled, nextState, OUTBOX_STATES, type OutboxState } from '../../src/lane/outbox-state.ts';
import { RECEIPT_STATUSES, type Receipt } from '../../src/record/lane-wire.ts';
import { STATES } from '../../src/record/types.ts';
import { receiptFor } from './broker.ts';

const receipt = (status: Receipt['status'], state: Receipt['state'] = 'PENDING') =>
  receiptFor(Buffer.from('{}'), { status, state });

const anyReceipt = fc
  .record({ status: fc.constantFrom(...RECEIPT_STATUSES), state: fc.constantFrom(...STATES) })
  .map(({ status, state }) => receipt(status, state));

describe('nextState', () => {
  test.each<[OutboxState, Receipt, OutboxState]>([
    ['kept', receipt('accepted'), 'acknowledged'],
    ['kept', receipt('accepted', 'HELD'), 'held'],
    ['kept', receipt('refused', 'REFUSED'), 'refused'],
    ['kept', receipt('conflict', 'CONFLICT'), 'conflict'],
    ['kept', receipt('deferred', null), 'kept'],
    ['kept', receipt('synced', 'SYNCED'), 'synced'],
    ['acknowledged', receipt('duplicate', 'SYNCED'), 'synced'],
    ['acknowledged', receipt('duplicate', 'SET_ASIDE'), 'acknowledged'],
    ['held', receipt('duplicate', 'PENDING'), 'acknowledged'],
    ['synced', receipt('accepted'), 'synced'],
    ['synced', receipt('resolved', 'RESOLVED'), 'synced'],
    ['rejected', receipt('resolved', 'RESOLVED'), 'resolved'],
    ['rejected', receipt('duplicate', 'RESOLVED'), 'resolved'],
    ['rejected', receipt('accepted'), 'rejected'],
    ['rejected', receipt('duplicate', 'PENDING'), 'rejected'],
    ['rejected', receipt('synced', 'SYNCED'), 'synced'],
    ['held', receipt('resolved', 'RESOLVED'), 'resolved'],
    ['conflict', receipt('accepted'), 'conflict'],
    ['conflict', receipt('resolved', 'RESOLVED'), 'resolved'],
  ])('%s, receipt %o: %s', (from, given, to) => expect(nextState(from, given)).toBe(to));

  test('whatever comes in whatever order, a settled record is never unsettled', () => {
    fc.assert(
      fc.property(fc.constantFrom(...OUTBOX_STATES), fc.array(anyReceipt), (start, receipts) => {
        let state = start;
        for (const each of receipts) {
          const next = nextState(state, each);
          if (isSettled(state)) expect(isSettled(next)).toBe(true);
          if (state !== 'kept') expect(next).not.toBe('kept');
          state = next;
        }
      }),
    );
  });

  test('saying the same twice changes nothing', () => {
    fc.assert(
      fc.property(fc.constantFrom(...OUTBOX_STATES), anyReceipt, (from, given) => {
        const once = nextState(from, given);
        expect(nextState(once, given)).toBe(once);
      }),
    );
  });
});
