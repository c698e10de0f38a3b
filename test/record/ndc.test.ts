import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ndcTenOfGtin } from '../../src/record/gs1.ts';
import { hasGs1CheckDigit } from '../../src/record/identifiers.ts';
import { normaliseNdc, readingsOfTen, tensOfEleven } from '../../src/record/ndc.ts';
import { tableOf } from './sample.ts';
import vectors from './vectors/ndc.json' with { type: 'json' };

describe('with hyphens', () => {
  test.each(vectors.hyphenated)('$input ($configuration) is $ndc11', (vector) => {
    expect(normaliseNdc(vector.input, null)).toEqual({ ndc: vector.ndc11, path: 'hyphenated' });
    expect(tensOfEleven(vector.ndc11)).toContain(vector.input.replaceAll('-', ''));
    expect(`0${vector.ndc11}`).toBe(vector.ndc12);
    if (vector.gtin14 === undefined) return;
    expect(hasGs1CheckDigit(vector.gtin14)).toBe(true);
    expect(ndcTenOfGtin(vector.gtin14)).toBe(vector.input.replaceAll('-', ''));
  });

  test('two codes meet in one', () => {
    for (const input of vectors.collision.inputs) expect(normaliseNdc(input, null).ndc).toBe(vectors.collision.ndc11);
  });

  test('padding adds one zero in front of the short segment and never takes one away', () => {
    const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9]{${length}}$`));
    const forms = [
      [4, 4, 2],
      [5, 3, 2],
      [5, 4, 1],
    ] as const;
    const code = fc.constantFrom(...forms).chain(([a, b, c]) => fc.tuple(digits(a), digits(b), digits(c)));
    fc.assert(
      fc.property(code, (segments) => {
        const { ndc, path } = normaliseNdc(segments.join('-'), null);
        expect(path).toBe('hyphenated');
        const stored = [ndc.slice(0, 5), ndc.slice(5, 9), ndc.slice(9)];
        expect(stored).toEqual([
          segments[0].padStart(5, '0'),
          segments[1].padStart(4, '0'),
          segments[2].padStart(2, '0'),
        ]);
        expect(normaliseNdc(ndc, null)).toEqual({ ndc, path: 'already_11' });
      }),
    );
  });
});

describe('without a doubt already', () => {
  test.each(vectors.already_11)('$input is $ndc11', ({ input, ndc11 }) => {
    expect(normaliseNdc(input, null)).toEqual({ ndc: ndc11, path: 'already_11' });
  });

  test.each(['000574407205', '123456-7890-12'])('%s has twelve digits', (input) => {
    expect(normaliseNdc(input, null)).toEqual({ ndc: input.replaceAll('-', ''), path: 'already_12' });
  });
});

describe('ten digits without hyphens', () => {
  test.each(vectors.ambiguous)('$input has three readings and is left alone', ({ input, candidates }) => {
    expect(readingsOfTen(input)).toEqual(candidates);
    expect(normaliseNdc(input, null)).toEqual({ ndc: input, path: 'unresolved' });
    expect(normaliseNdc(input, tableOf())).toEqual({ ndc: input, path: 'unresolved' });
  });

  test('are resolved by a table that has exactly one of them', () => {
    expect(normaliseNdc('1234567890', tableOf('12345-678-90,A,CII'))).toEqual({
      ndc: '12345067890',
      path: 'product_table',
    });
    expect(normaliseNdc('1234567890', tableOf('12345-678-90,A,CII', '1234-5678-90,B,')).path).toBe('unresolved');
  });

  test('are not resolved by a code that only looks the same in eleven digits', () => {
    // 12345-678-09 is 12345067809, which is also the 5-4-1 reading of 1234506789.
    expect(normaliseNdc('1234506789', tableOf('12345-678-09,A,CII')).path).toBe('unresolved');
    expect(normaliseNdc('1234506789', tableOf('12345-0678-9,A,CII')).ndc).toBe('12345067809');
    expect(normaliseNdc('1234506789', tableOf('12345067809,A,CII')).ndc).toBe('12345067809');
  });
});

describe('anything else', () => {
  test.each(vectors.invalid)('%j stays as sent', (input) => {
    expect(normaliseNdc(input, null)).toEqual({ ndc: input, path: 'unresolved' });
  });

  test.each([
    ' 0574-4072-05',
    '0574-4072-05\n',
    '0574 4072 05',
    '0574\u20104072\u201005',
    '１2345-678-90',
    '0574-4072-5',
    '-',
  ])('%j too', (input) => {
    expect(normaliseNdc(input, tableOf('0574-4072-05,A,CII'))).toEqual({ ndc: input, path: 'unresolved' });
  });

  test('any text is taken', () => {
    fc.assert(
      fc.property(fc.string(), (text) => normaliseNdc(text, null).ndc.length >= text.replaceAll('-', '').length),
    );
  });
});
