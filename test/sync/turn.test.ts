import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { makeTurns } from '../../src/sync/turn.ts';

/** Whether the promise is fulfilled once nothing else can happen. */
async function passes(turn: Promise<void>): Promise<boolean> {
  let passed = false;
  void turn.then(() => {
    passed = true;
  });
  for (let turns = 0; turns < 5; turns += 1) await setImmediate();
  return passed;
}

test('the second stream goes on only while the first has nothing to do', async () => {
  const { first, second } = makeTurns();
  expect(await passes(second.pass())).toBe(true);
  first.enter();
  first.enter();
  const waiting = second.pass();
  expect(await passes(waiting)).toBe(false);
  expect(await passes(first.pass())).toBe(true);
  first.leave();
  expect(await passes(waiting)).toBe(false);
  first.leave();
  expect(await passes(waiting)).toBe(true);
});

test('the first waits for nobody', async () => {
  const { first, second } = makeTurns();
  second.enter();
  expect(await passes(first.pass())).toBe(true);
  second.leave();
});
