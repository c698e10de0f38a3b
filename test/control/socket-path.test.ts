import { expect, test } from 'vitest';
import { controlSocketPath } from '../../src/control/socket-path.ts';

test('lies in the data directory, and says so when its path is too long for a socket', () => {
  expect(controlSocketPath('/data')).toBe('/data/run/control.sock');
  const longest = `/${'d'.repeat(107 - '/run/control.sock'.length - 1)}`;
  expect(controlSocketPath(longest)).toHaveLength(107);
  expect(() => controlSocketPath(`${longest}d`)).toThrow(/108 bytes; a socket's may have 107/);
  // Bytes count, not letters.
  expect(() => controlSocketPath(`${longest.slice(1)}é`)).toThrow(/may have 107/);
});
