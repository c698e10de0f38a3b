import { expect, test } from 'vitest';
import { LineTooLong, linesOf } from '../../../src/base/socket/lines.ts';

async function* chunks(...texts: string[]) {
  for (const text of texts) yield Buffer.from(text);
}

async function lines(limit: number, ...texts: string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const line of linesOf(chunks(...texts), limit)) found.push(line.toString());
  return found;
}

test('lines come out whole, however they came in', async () => {
  expect(await lines(10, 'one\ntwo\n')).toEqual(['one', 'two']);
  expect(await lines(10, 'o', 'n', 'e\nt', 'wo', '\n', '\n')).toEqual(['one', 'two', '']);
  expect(await lines(10, 'one\nnot ended')).toEqual(['one']);
  expect(await lines(10)).toEqual([]);
});

test('a line as long as may be, and one byte more', async () => {
  expect(await lines(3, 'abc\nab', 'c\n')).toEqual(['abc', 'abc']);
  for (const texts of [['abcd\n'], ['abc', 'd'], ['ok\nabcd'], ['a', 'b', 'cd\n']]) {
    await expect(lines(3, ...texts)).rejects.toThrow(LineTooLong);
  }
});
