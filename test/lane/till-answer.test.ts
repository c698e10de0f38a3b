import { expect, test } from 'vitest';
import { TillAnswers } from '../../src/lane/till-answer.ts';
import { ManualTime } from './manual-time.ts';

test('acknowledged before five seconds, kept after them, never anything later', async () => {
  const time = new ManualTime();
  const answers = new TillAnswers(time);
  const quick = answers.wait(1);
  const slow = answers.wait(2);
  time.advance(4_999);
  answers.acknowledged(1);
  time.advance(1);
  answers.acknowledged(2);
  expect(await quick).toBe('acknowledged');
  expect(await slow).toBe('kept');
  expect(time.waiting).toEqual([]);
});

test('who still waits when the till stops is told kept', async () => {
  const time = new ManualTime();
  const answers = new TillAnswers(time);
  const both = [answers.wait(1), answers.wait(1)];
  answers.stop();
  expect(await Promise.all(both)).toEqual(['kept', 'kept']);
  expect(time.waiting).toEqual([]);
});
