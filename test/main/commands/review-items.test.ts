import { expect, test } from 'vitest';
import { itemName, nameOf, printable } from '../../../src/main/commands/review-items.ts';

test('numbers of records and of publishes that became none', () => {
  expect(itemName('17')).toEqual({ of: 'record', number: 17 });
  expect(itemName('e3')).toEqual({ of: 'evidence', number: 3 });
  expect(['17', 'e3'].map((text) => nameOf(itemName(text)))).toEqual(['17', 'e3']);
});

test('what could steer a terminal is written out, what people read is not', () => {
  expect(printable('é 漢 – 1\n2')).toBe('é 漢 – 1\n2');
  expect(printable('\u001b[2J\u0007')).toBe('\\u{1b}[2J\\u{7}');
  // C1 controls, a bidirectional override, a tab and a carriage return.
  expect(printable('\u009b\u202e\t\r')).toBe('\\u{9b}\\u{202e}\\u{9}\\u{d}');
});
