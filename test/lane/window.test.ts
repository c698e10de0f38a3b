import { beforeEach, describe, expect, test } from 'vitest';
import { StreamWindow } from '../../src/lane/window.ts';
import { ManualTime } from './manual-time.ts';

let time: ManualTime;
let republished: boolean[];

beforeEach(() => {
  time = new ManualTime();
  republished = [];
});

const windowOf = (size: number, random = () => 0) =>
  new StreamWindow({ size, timers: time, random, onRepublish: (isSilent) => republished.push(isSilent) });

describe('a stream on the wire', () => {
  test('has room for a limited number', () => {
    const window = windowOf(2);
    window.sent(1);
    window.sent(2);
    expect(window.room).toBe(0);
    window.acknowledged(2);
    expect(window.room).toBe(1);
  });

  test('is published again between 5 and 60 seconds after the oldest without PUBACK', () => {
    for (const [random, delayMs] of [
      [0, 5_000],
      [0.5, 32_500],
      [1, 60_000],
    ] as const) {
      const window = windowOf(2, () => random);
      window.sent(1);
      expect(time.waiting).toEqual([delayMs]);
      window.reset();
    }
  });

  test('progress of others does not save the oldest from being published again', () => {
    const window = windowOf(3);
    window.sent(1);
    window.sent(2);
    time.advance(4_000);
    window.acknowledged(2);
    time.advance(1_000);
    expect(republished).toEqual([false]);
    expect(window.has(1)).toBe(false);
  });

  test('the next oldest gets its own full time', () => {
    const window = windowOf(3);
    window.sent(1);
    window.sent(2);
    time.advance(4_000);
    window.acknowledged(1);
    expect(time.waiting).toEqual([5_000]);
    window.acknowledged(2);
    expect(time.waiting).toEqual([]);
  });

  test('after two rounds without any PUBACK the connection is doubted; one PUBACK clears it', () => {
    const window = windowOf(3);
    window.sent(1);
    time.advance(5_000);
    window.sent(1);
    time.advance(5_000);
    expect(republished).toEqual([false, true]);
    window.sent(1);
    window.acknowledged(1);
    window.sent(2);
    time.advance(5_000);
    expect(republished).toEqual([false, true, false]);
  });

  test('a deferral holds everything back, then all of it may go again', () => {
    const window = windowOf(3);
    window.sent(1);
    window.sent(2);
    window.deferred(1);
    window.deferred(2);
    expect(window.room).toBe(0);
    time.advance(5_000);
    expect(republished).toEqual([false]);
    expect(window.room).toBe(3);
  });
});
