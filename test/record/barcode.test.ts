import { describe, expect, test } from 'vitest';
import { barcodeFlags, type ScannedFields } from '../../src/record/barcode.ts';
import { normaliseNdc } from '../../src/record/ndc.ts';
import { tableOf } from './sample.ts';

const GS = '\u001d';
const agreeing: ScannedFields = {
  ndc: '0574-4072-05',
  barcode: `]d201003057440720551728013110L1${GS}21S1`,
  gtin: '305744072055',
  lot: 'L1',
  serial: 'S1',
  expires_on: '2028-01-31',
};
const flags = (fields: ScannedFields) => barcodeFlags(fields, normaliseNdc(fields.ndc, null), 2026);

describe('barcode and members', () => {
  test('agree', () => {
    expect(flags(agreeing)).toEqual([]);
    expect(flags({ ndc: '0574-4072-05' })).toEqual([]);
    expect(flags({ ndc: '0574-4072-05', barcode: `10L1${GS}21S1`, expires_on: '2028-01-31' })).toEqual([]);
  });

  test.each([
    { gtin: '00351655089521' },
    { lot: 'L2' },
    { serial: 's1' },
    { expires_on: '2028-01-30' },
    { ndc: '51655-089-52' },
  ])('differ in %j', (other) => {
    expect(flags({ ...agreeing, ...other })).toEqual(['barcode_mismatch']);
  });

  test('cannot be read', () => {
    expect(flags({ ...agreeing, barcode: 'hello' })).toEqual(['barcode_unreadable']);
    expect(flags({ ndc: '0574-4072-05', gtin: '305744072056' })).toEqual(['barcode_unreadable']);
  });

  test('cannot be read and differ', () => {
    expect(flags({ ...agreeing, barcode: 'hello', ndc: '51655-089-52' })).toEqual([
      'barcode_unreadable',
      'barcode_mismatch',
    ]);
  });
});

describe('NDC and GTIN', () => {
  test.each(['00574407205', '0574407205', '000574407205', '00574-4072-05', '112345678901', 'unknown'])(
    '%s may be the same product',
    (ndc) => {
      expect(flags({ ndc, gtin: '00305744072055' })).toEqual([]);
    },
  );

  test.each(['00574407206', '0574407206', '000574407206', '00574-4072-0'])('%s cannot be', (ndc) => {
    expect(flags({ ndc, gtin: '00305744072055' })).toEqual(['barcode_mismatch']);
  });

  test('ten digits resolved by the table are still compared as sent', () => {
    const ndc = normaliseNdc('0574407205', tableOf('0574-4072-05,A,CII'));
    expect(ndc.path).toBe('product_table');
    expect(barcodeFlags({ ndc: '0574407205', gtin: '00305744072055' }, ndc, 2026)).toEqual([]);
  });

  test('two codes that meet in eleven digits are told apart', () => {
    expect(flags({ ndc: '12345-678-01', gtin: '00312345678012' })).toEqual([]);
    expect(flags({ ndc: '12345-0678-1', gtin: '00312345678012' })).toEqual(['barcode_mismatch']);
    expect(flags({ ndc: '12345067801', gtin: '00312345678012' })).toEqual([]);
  });

  test('a GTIN of no US drug says nothing', () => {
    expect(flags({ ndc: '0574-4072-05', gtin: '4006381333931' })).toEqual([]);
  });
});
