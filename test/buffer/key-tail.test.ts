import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KeyTail } from '../../src/buffer/key-tail.ts';

it('hands every key to the index once, in order within a generation, and knows it until then', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1, maxLength: 4 }), { maxLength: 200 }),
      fc.integer({ min: 1, max: 9 }),
      (keys, sliceKeys) => {
        const tail = new KeyTail({ generationKeys: 10, sliceKeys });
        const index = new Map<string, number>();
        const unique = [...new Set(keys)];
        let reached = 0;
        for (const [at, key] of unique.entries()) {
          const slice = tail.nextSlice();
          tail.addKey(key, at + 1);
          if (slice === null) continue;
          for (const [merged, id] of slice.keys) {
            expect(index.has(merged)).toBe(false);
            index.set(merged, id);
          }
          if (slice.reaches !== null) {
            reached = slice.reaches;
            // Everything up to here is in the index now: a start reads only rows above it.
            for (const [id, known] of unique.entries()) if (id < reached) expect(index.get(known)).toBe(id + 1);
          }
          tail.merged(slice);
        }
        for (const [at, key] of unique.entries()) expect(tail.key(key) ?? index.get(key)).toBe(at + 1);
      },
    ),
  );
});

it('offers the same slice again while it has not been committed', () => {
  const tail = new KeyTail({ generationKeys: 2, sliceKeys: 1 });
  tail.addKey('a', 1);
  tail.addKey('b', 2);
  expect(tail.nextSlice()).toEqual(tail.nextSlice());
});

it('keeps up with commits of any size: what a start has to read stays bounded', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 40, maxLength: 120 }), (groups) => {
      const limits = { generationKeys: 500, sliceKeys: 16 };
      const tail = new KeyTail(limits);
      let id = 0;
      for (const group of groups) {
        const slice = tail.nextSlice();
        if (slice !== null) tail.merged(slice);
        for (let n = 0; n < group; n += 1) {
          id += 1;
          tail.addKey(`key-${id}`, id);
        }
        expect(tail.size).toBeLessThanOrEqual(2 * (limits.generationKeys + 600) + 600);
      }
    }),
  );
});
