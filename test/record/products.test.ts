import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readProductTable } from '../../src/record/products.ts';
import { tableOf } from './sample.ts';

const problemsOf = (text: string) => {
  const reading = readProductTable(text);
  return reading.ok ? [] : reading.problems.map(({ line, message }) => `${line}: ${message}`);
};
const HEADER = 'NDCPACKAGECODE,PROPRIETARYNAME,DEASCHEDULE\n';

describe('columns', () => {
  test.each([
    ['as in the package and product files', 'NDCPACKAGECODE,PROPRIETARYNAME,DEASCHEDULE\n0574-4072-05,A,CII\n'],
    ['as on the search page', 'Product Name,NDC Package Code,Strength,DEA Schedule\nA,0574-4072-05,5 mg,CII\n'],
    [
      'with tabs, byte order mark and CRLF',
      '\ufeffNDCPACKAGECODE\tPROPRIETARYNAME\tDEASCHEDULE\r\n0574-4072-05\tA\tCII\r\n',
    ],
    ['in quotes', '"NDC Package Code","Proprietary Name","DEA"\n"0574-4072-05","A","CII"'],
  ])('%s', (_name, text) => {
    const reading = readProductTable(text);
    expect(reading.ok && reading.table.find('00574407205')).toMatchObject({
      ndc: '00574407205',
      name: 'A',
      schedules: ['II'],
    });
  });

  test('missing', () => {
    const expected = ['1: the first row must name the columns NDCPACKAGECODE, PROPRIETARYNAME and DEASCHEDULE'];
    expect(problemsOf('')).toEqual(expected);
    expect(problemsOf('0574-4072-05,A,CII\n')).toEqual(expected);
  });

  test('the example in config/ is a good table', () => {
    const reading = readProductTable(
      readFileSync(resolve(import.meta.dirname, '../../config/product-table.example.csv'), 'utf8'),
    );
    expect(reading.ok && reading.table.size).toBe(5);
  });
});

describe('rows', () => {
  test('every problem is named by its line, and the table is refused as a whole', () => {
    const text = `${HEADER}0574-4072-05,A,CII\n0574407205,A,CII\n12345-678-90,"a\nb"\n51655-089-52,A,CIX\n`;
    expect(problemsOf(text)).toEqual([
      '3: package code: write 4-4-2, 5-3-2, 5-4-1 or 6-4-2 with hyphens, or 11 digits',
      '4: has 2 cells where the first row has 3',
      '6: DEA schedule: write CI, CII, CIII, CIV or CV, or leave it empty',
    ]);
  });

  test('problems do not go on for ever', () => {
    expect(problemsOf(HEADER + 'x,y,z\n'.repeat(1000))).toHaveLength(20);
  });

  test('quotes that make no sense', () => {
    expect(problemsOf(`${HEADER}"0574-4072-05,A,CII\n`)).toEqual(['2: a quoted cell is not closed']);
  });

  test.each([
    ['', 'NONE'],
    ['CI', 'I'],
    ['CII', 'II'],
    ['C-III', 'III'],
    ['4', 'IV'],
    ['CV', 'V'],
  ])('schedule %j is %s', (written, schedule) => {
    expect(tableOf(`0574-4072-05,A,${written}`).find('00574407205')?.schedules).toEqual([schedule]);
  });
});

describe('look-up', () => {
  test('twelve digits with a zero in front are the eleven behind it', () => {
    const table = tableOf('000574-4072-05,A,CII', '123456-7890-12,B,');
    expect(table.find('00574407205')?.name).toBe('A');
    expect(table.find('000574407205')?.name).toBe('A');
    expect(table.find('123456789012')?.name).toBe('B');
    expect(table.find('23456789012')).toBeNull();
    expect(table.resolveTen('0574407205')).toBe('00574407205');
  });

  test('codes that meet in eleven digits keep both schedules and both ten-digit forms', () => {
    const table = tableOf('12345-678-01,A,CII', '12345-0678-1,B,CIV', '12345-678-01,A,CII');
    expect(table.size).toBe(1);
    expect(table.find('12345067801')).toMatchObject({ name: 'A', schedules: ['II', 'IV'] });
    expect(table.resolveTen('1234567801')).toBe('12345067801');
    expect(table.resolveTen('1234506781')).toBe('12345067801');
  });

  test('nothing in nothing', () => {
    expect(tableOf().size).toBe(0);
    expect(tableOf().find('00574407205')).toBeNull();
    expect(tableOf().resolveTen('0000000000')).toBeNull();
  });

  test('all zeros: three readings that are one', () => {
    expect(tableOf('0000-0000-00,A,').resolveTen('0000000000')).toBe('00000000000');
  });
});
