/** Bodies whose end is held back leave one after the other. */
import { expect, test } from 'vitest';
import { Hold, heldBody } from '../../src/sync/hold.ts';

const BYTES = Buffer.alloc(40_000, 1);

async function take(body: AsyncGenerator<Buffer>, pieces: number): Promise<number> {
  let bytes = 0;
  for (let piece = 0; piece < pieces; piece += 1) bytes += (await body.next()).value?.length ?? 0;
  return bytes;
}

test('a body begins when the one before has been taken but for its end', async () => {
  const first = new Hold(Promise.resolve());
  const second = new Hold(first.left);
  const events: string[] = [];
  const ahead = heldBody(BYTES, first);
  const behind = heldBody(BYTES, second);
  const begun = behind.next().then(({ value }) => events.push(`behind begins with ${value?.length}`));

  expect(await take(ahead, 3)).toBe(BYTES.length - 64);
  events.push('ahead is taken');
  first.release();
  const last = ahead.next();
  await begun;

  expect(events).toEqual(['ahead is taken', 'behind begins with 16384']);
  expect((await last).value).toHaveLength(64);
});

test('a request that is over lets the next body go, however much of its own was taken', async () => {
  const first = new Hold(Promise.resolve());
  const second = new Hold(first.left);
  await take(heldBody(BYTES, first), 1);
  first.leave();

  expect(await take(heldBody(BYTES, second), 1)).toBe(16_384);
});

test('one that is withdrawn ends in an error before its last bytes', async () => {
  const hold = new Hold(Promise.resolve());
  const body = heldBody(BYTES, hold);
  await take(body, 3);
  hold.withdraw();

  await expect(body.next()).rejects.toThrow('withdrawn');
});
