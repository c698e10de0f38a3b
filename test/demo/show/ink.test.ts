import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { column, type Line, paint } from '../../../src/demo/show/ink.ts';

const LINE: Line = ['plain ', ['bad', 'LOUD'], ' ●█ end'];

test('without colour there is text and nothing else', () => {
  expect(paint(LINE, 80, false)).toBe('plain LOUD ●█ end');
});

test('colour adds codes around tones and changes no text', () => {
  const painted = paint(LINE, 80, true);
  expect(painted).toContain('\u001b[31mLOUD');
  expect(stripVTControlCharacters(painted)).toBe('plain LOUD ●█ end');
});

test.each([0, 3, 8, 12, 17])('cut to %i characters, codes or not', (width) => {
  const cut = [...'plain LOUD ●█ end'].slice(0, width).join('');
  expect(paint(LINE, width, false)).toBe(cut.trimEnd());
  expect(stripVTControlCharacters(paint(LINE, width, true))).toBe(cut);
});

test('a column is filled up, and has a space behind it when it is full', () => {
  expect(paint([...column([['good', 'ab']], 5), '|'], 80, false)).toBe('ab   |');
  expect(paint([...column(['abcdef'], 5), '|'], 80, false)).toBe('abcdef |');
});
