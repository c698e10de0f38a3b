import { expect, test } from 'vitest';
import { closest } from '../../../src/base/config/suggest.ts';

const KEYS = ['url', 'cert_file', 'key_file', 'lane_ca_file', 'allow_plain', 'batch_size'];

test.each([
  ['ulr', 'url'],
  ['URL', 'url'],
  ['batchSize', 'batch_size'],
  ['batch-size', 'batch_size'],
  ['cert_fiel', 'cert_file'],
  ['alow_plain', 'allow_plain'],
  ['lane_ca', 'lane_ca_file'],
])('%s means %s', (word, meant) => {
  expect(closest(word, KEYS)).toBe(meant);
});

test.each(['token', 'x', '', 'storage'])('%j means nothing here', (word) => {
  expect(closest(word, KEYS)).toBeUndefined();
});

test('an exact word beats a near one', () => {
  expect(closest('open_at', ['open_as', 'open_at'])).toBe('open_at');
});
