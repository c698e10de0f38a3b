import { expect, test } from 'vitest';
import { Booking } from '../../src/sync/booking.ts';

test('at most one answer is behind: the next waits for the one before', async () => {
  const booking = new Booking();
  const order: string[] = [];
  const first = Promise.withResolvers<void>();
  await booking.begin(async () => {
    await first.promise;
    order.push('first');
  });
  const second = booking.begin(async () => {
    order.push('second');
  });
  expect(order).toEqual([]);
  first.resolve();
  await second;
  await booking.settled();
  expect(order).toEqual(['first', 'second']);
});

test('a failure is told once to whoever asks next, who does not begin', async () => {
  const booking = new Booking();
  await booking.begin(() => Promise.reject(new Error('disk full')));
  let began = false;
  const next = booking.begin(async () => {
    began = true;
  });
  await expect(next).rejects.toThrow('disk full');
  expect(began).toBe(false);
  await expect(booking.settled()).resolves.toBeUndefined();
});
