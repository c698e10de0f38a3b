import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCsv } from '../../src/record/csv.ts';

const cells = (text: string, delimiter: ',' | '\t' = ',') => readCsv(text, delimiter).rows.map((row) => row.cells);

describe('readCsv', () => {
  test.each([
    [
      'plain',
      'a,b\nc,d\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'without a last line end',
      'a,b\nc,d',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'CRLF and byte order mark',
      '\ufeffa,b\r\nc,d\r\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'empty cells',
      ',\na,\n,b',
      [
        ['', ''],
        ['a', ''],
        ['', 'b'],
      ],
    ],
    [
      'quoted',
      '"a,b","say ""x""",""\r\n"c\nd",e,f',
      [
        ['a,b', 'say "x"', ''],
        ['c\nd', 'e', 'f'],
      ],
    ],
    ['quotes inside a plain cell', '5" tube,b', [['5" tube', 'b']]],
    ['empty lines', '\na\n\r\n\nb\n', [['a'], ['b']]],
    ['nothing', '', []],
  ])('%s', (_name, text, expected) => {
    expect(cells(text)).toEqual(expected);
  });

  test('tabs', () => {
    expect(cells('a,b\tc\n', '\t')).toEqual([['a,b', 'c']]);
  });

  test('knows on which line a row starts', () => {
    expect(readCsv('a\n\n"b\nb"\r\nc', ',').rows.map(({ line }) => line)).toEqual([1, 3, 5]);
  });

  test.each([
    ['a\n"b', 2, 'not closed'],
    ['a\n"b"c\n', 2, 'after the closing quote'],
  ])('%j has a problem in line %i', (text, line, message) => {
    expect(readCsv(text, ',').problem).toEqual({ line, message: expect.stringContaining(message) });
  });

  test('reads back whatever was written with quotes', () => {
    const table = fc.array(fc.array(fc.string(), { minLength: 2, maxLength: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(table, fc.constantFrom('\n', '\r\n'), (rows, lineEnd) => {
        const text = rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')).join(lineEnd);
        expect(cells(text)).toEqual(rows);
      }),
    );
  });

  test('never throws and always ends', () => {
    const unit = fc.constantFrom(...'a,"\r\n\t');
    fc.assert(fc.property(fc.string({ unit }), (text) => void readCsv(text, ',')));
  });
});
