import { expect, test } from 'vitest';
import { SettleWait } from '../../../src/intake/external/settle-wait.ts';

test('a pending record waits until the PMS has answered for it, every publish of it', () => {
  const wait = new SettleWait();
  const done: string[] = [];
  wait.until(5, 'PENDING', () => done.push('first'));
  wait.until(5, 'PENDING', () => done.push('again'));
  wait.until(6, 'PENDING', () => done.push('other'));
  wait.settled(5, 'PENDING');
  expect(done).toEqual([]);
  wait.settled(5, 'SYNCED');
  expect(done).toEqual(['first', 'again']);
  expect(wait.size).toBe(1);
});

test.each(['SYNCED', 'AWAITING_VERIFICATION', 'REJECTED', 'SET_ASIDE', 'QUARANTINED', 'HELD', 'RESOLVED'] as const)(
  'a record that is %s waits no more',
  (state) => {
    const wait = new SettleWait();
    let isDone = false;
    wait.until(1, state, () => {
      isDone = true;
    });
    expect(isDone).toBe(true);
  },
);

test('with the session its waiting ends: the broker delivers everything again', () => {
  const wait = new SettleWait();
  let isDone = false;
  wait.until(1, 'PENDING', () => {
    isDone = true;
  });
  wait.forget();
  wait.settled(1, 'SYNCED');
  expect(isDone).toBe(false);
});
