import { hash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecordStore, type StoredRecord } from '../../../src/reports/figures/record-store.ts';

const record = (n: number): StoredRecord => ({
  sequence: n,
  lane: `lane-${n % 5}`,
  schedule: n % 2 === 0 ? 'II' : 'IV',
  hash: hash('sha256', String(n), 'base64'),
  receivedMs: 1_790_000_000_000 + n,
  flags: n % 7,
  state: 'PENDING',
  boot: `boot-${n % 3}`,
  monotonicMs: n + 0.5,
  atMs: 1_790_000_000_001 + n,
});

test('what was put in comes out, in its order, through thousands that come and go', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.nat(11_000)), { maxLength: 400 }),
      fc.integer({ min: 1, max: 30 }),
      (steps, burst) => {
        const store = new RecordStore();
        const kept = new Map<string, StoredRecord>();
        let next = 0;
        for (const [isIn, pick] of steps) {
          for (let n = 0; isIn && n < burst * 10; n += 1) {
            const one = record(next);
            next += 1;
            store.add(one);
            kept.set(one.hash, one);
          }
          const gone = [...kept.keys()].slice(0, pick % 50);
          for (const each of gone) {
            const slot = store.find(each);
            if (slot === null) throw new Error('it is lost');
            store.remove(slot);
            expect(store.stateOf(slot)).toBeNull();
            expect(store.find(each)).toBeNull();
            kept.delete(each);
          }
        }
        expect([...store.slots()].map((slot) => store.get(slot))).toEqual([...kept.values()]);
        for (const [each, one] of [...kept].slice(-20)) expect(store.get(store.find(each) ?? -1)).toEqual(one);
      },
    ),
    { numRuns: 25 },
  );
});

test('a state can be changed, and nothing else is', () => {
  const store = new RecordStore();
  const slots = [0, 1, 2].map((n) => store.add(record(n)));
  store.setState(slots[1] ?? -1, 'HELD');
  expect(slots.map((slot) => store.get(slot))).toEqual([record(0), { ...record(1), state: 'HELD' }, record(2)]);
});
