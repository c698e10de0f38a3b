import { expect, test } from 'vitest';
import { following } from '../../../src/base/config/following.ts';

test('each look gives what is in force; a copy stays what it was', () => {
  let limit = 1;
  const options = following(() => ({ limit, twice: limit * 2 }));
  const copy = { ...options };
  limit = 5;
  expect({ ...options }).toEqual({ limit: 5, twice: 10 });
  expect(copy).toEqual({ limit: 1, twice: 2 });
});
