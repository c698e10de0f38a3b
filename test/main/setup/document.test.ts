import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { documentOf } from '../../../src/main/setup/document.ts';

test('settings in the order of the schema, each under what it means', () => {
  const text = documentOf({ 'pms.url': 'https://pms.example', 'gateway.name': 'A: "b" #c', 'gateway.store': '0042' });
  expect(parse(text)).toEqual({
    gateway: { store: '0042', name: 'A: "b" #c' },
    pms: { url: 'https://pms.example' },
  });
  const lines = text.split('\n');
  expect(lines.findIndex((line) => line.startsWith('gateway:'))).toBeLessThan(
    lines.findIndex((line) => line.startsWith('pms:')),
  );
  expect(lines[lines.indexOf('  url: https://pms.example') - 1]).toBe('  # Base address of the PMS.');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(140);
});
