import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FaultSet, faultText, parseFault } from '../../../src/demo/pms/fault-set.ts';
import { FAULT_NAMES, FAULTS } from '../../../src/demo/pms/faults.ts';
import { seededRandom } from '../../../src/demo/pms/seeded.ts';

describe('a fault in words', () => {
  test.each([
    ['down', { name: 'down', argument: null, probability: 1, count: null }],
    ['slow=200', { name: 'slow', argument: 200, probability: 1, count: null }],
    ['error_500@0.25', { name: 'error_500', argument: null, probability: 0.25, count: null }],
    ['slow=0.5@1', { name: 'slow', argument: 0.5, probability: 1, count: null }],
    ['slow=5@0.5#3', { name: 'slow', argument: 5, probability: 0.5, count: 3 }],
    ['error_500#1', { name: 'error_500', argument: null, probability: 1, count: 1 }],
    ['pending_verification=0', { name: 'pending_verification', argument: 0, probability: 1, count: null }],
  ])('%s', (text, choice) => {
    expect(parseFault(text)).toEqual(choice);
  });

  test.each([
    '',
    'dwon',
    'slow=',
    'slow=fast',
    'slow=-1',
    'down@2',
    'down@',
    'down=1=2',
    'toString',
    'hang=3',
    'Down',
    'down#',
    'down#0',
    'down#2@0.5',
  ])('"%s" is refused with a hint', (text) => {
    expect(() => parseFault(text)).toThrow(expect.objectContaining({ code: 'usage', exitCode: 2 }));
  });

  test.each(['reject_every_nth=0', 'hash_mismatch_once=0'])('%s would never mean anything', (text) => {
    expect(() => parseFault(text)).toThrow(/every 0th/);
  });

  test('reads back what it writes', () => {
    const choice = fc.record({
      name: fc.constantFrom(...FAULT_NAMES),
      argument: fc.option(fc.integer({ min: 1, max: 1e6 }), { nil: null }),
      probability: fc.constantFrom(0, 0.125, 0.5, 1),
      count: fc.option(fc.integer({ min: 1, max: 1e6 }), { nil: null }),
    });
    fc.assert(
      fc.property(choice, (made) => {
        const fit = FAULTS[made.name].argument === null ? { ...made, argument: null } : made;
        expect(parseFault(faultText(fit))).toEqual(fit);
      }),
      { seed: 3 },
    );
  });
});

describe('faults in force', () => {
  test('can be set, set otherwise and cleared', () => {
    const faults = new FaultSet(seededRandom(1));
    faults.set('slow=10');
    faults.set('down');
    faults.set('slow=20@0.5');
    expect(faults.list()).toEqual(['slow=20@0.5', 'down']);
    faults.clear('slow');
    expect(faults.list()).toEqual(['down']);
    faults.clearAll();
    expect(faults.list()).toEqual([]);
    expect(faults.onRequest('work')).toBeNull();
  });

  test('the one switched on first speaks first', () => {
    const faults = new FaultSet(seededRandom(1));
    faults.set('error_500');
    faults.set('down');
    expect(faults.onRequest('work')).toMatchObject({ status: 500 });
    expect(faults.onRequest('ping')).toMatchObject({ status: 503 });
  });

  test('happen as often as asked', () => {
    const faults = new FaultSet(seededRandom(7));
    faults.set('down@0.2');
    const count = Array.from({ length: 5000 }, () => faults.onRequest('ping')).filter((each) => each !== null).length;
    expect(count).toBeGreaterThan(900);
    expect(count).toBeLessThan(1100);
    faults.set('down@0');
    expect(Array.from({ length: 100 }, () => faults.onRequest('ping')).every((each) => each === null)).toBe(true);
  });

  test('happen no more often than asked, and some only once unless asked', () => {
    const faults = new FaultSet(seededRandom(1));
    faults.set('down#2');
    const seen = [1, 2, 3].map(() => faults.onRequest('ping') !== null);
    expect(seen).toEqual([true, true, false]);
    faults.set('emptied');
    expect([faults.onBooks() !== null, faults.onBooks()]).toEqual([true, null]);
    faults.set('emptied#2');
    expect([faults.onBooks() !== null, faults.onBooks() !== null, faults.onBooks()]).toEqual([true, true, null]);
  });
});
