import { expect, test } from 'vitest';
import { checkpointIn, newerCheckpoint } from '../../src/lane/checkpoint.ts';
import { receiptFor } from './broker.ts';

const note = (size: number, epoch = 'aaaaaaaa') => `gw-0042/${epoch}/audit\n${size}\nroot\n\n— key sig\n`;

test('the larger tree of one origin is remembered, also when a smaller one is shown later', () => {
  expect(newerCheckpoint(null, note(5))).toBe(note(5));
  expect(newerCheckpoint(note(5), null)).toBe(note(5));
  expect(newerCheckpoint(note(5), note(6))).toBe(note(6));
  expect(newerCheckpoint(note(6), note(5))).toBe(note(6));
  expect(newerCheckpoint(note(6), 'gw-0042/aaaaaaaa/audit\nnonsense')).toBe(note(6));
});

test('a new epoch starts from a smaller tree', () => {
  expect(newerCheckpoint(note(600), note(1, 'bbbbbbbb'))).toBe(note(1, 'bbbbbbbb'));
});

test('only the audit trail is witnessed', () => {
  const trail = { index: 1, leaf: '', checkpoint: note(3) };
  expect(checkpointIn(receiptFor(Buffer.from('{}'), { trail: { ...trail, log: 'audit' } }))).toBe(note(3));
  expect(checkpointIn(receiptFor(Buffer.from('{}'), { trail: { ...trail, log: 'schedule_two' } }))).toBeNull();
  expect(checkpointIn(receiptFor(Buffer.from('{}'), { trail: null }))).toBeNull();
});
