import { expect, test } from 'vitest';
import { logLine } from '../../../src/main/commands/log-line.ts';

test('a line of our log', () => {
  const line = JSON.stringify({
    level: 'warn',
    time: '2026-11-22T09:00:00.000Z',
    msg: 'the mode has changed',
    to: 'FALLBACK',
  });
  expect(logLine(line)).toBe('2026-11-22T09:00:00.000Z  log warn  the mode has changed to=FALLBACK');
});

test('anything else stays, without what a terminal would obey', () => {
  expect(logLine('Started \u001b[31mcounterfoil')).toBe('Started  [31mcounterfoil');
  expect(logLine('[1]')).toBe('[1]');
});
