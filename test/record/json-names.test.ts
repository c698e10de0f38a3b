import { expect, test } from 'vitest';
import { topLevelNames } from '../../src/record/json-names.ts';

const namesIn = (text: string) => topLevelNames(Buffer.from(text, 'utf8'));

test('names of the outermost object with the byte offset of their quote', () => {
  expect(namesIn('{"a":1, "é" : {"b":[{"c":"d"}]}, "x\\"y":"k:", "a":[]}')).toEqual([
    { name: 'a', at: 1 },
    { name: 'é', at: 8 },
    { name: 'x"y', at: 34 },
    { name: 'a', at: 47 },
  ]);
});

test('nothing outside an object has a name', () => {
  expect(namesIn('[{"a":1}]')).toEqual([]);
  expect(namesIn('"a"')).toEqual([]);
});

test('long strings and many strings are read too', () => {
  const long = JSON.stringify({ a: '\\"'.repeat(15_000), b: 'x'.repeat(20_000), c: Array(2000).fill(' ') });
  expect(namesIn(long).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
});
