import { describe, expect, test } from 'vitest';
import { type CheckContext, checkRecord } from '../../src/record/check.ts';
import { FUTURE_TOLERANCE_MS, LONG_AGO_MS } from '../../src/record/flags.ts';
import { FLAGS } from '../../src/record/types.ts';
import { accepted, bytesOf, context, full, least, type Members, tableOf } from './sample.ts';

const flags = (members: Members, circumstances: Partial<CheckContext> = {}) =>
  accepted(checkRecord(bytesOf({ ...least, ...members }), { ...context, ...circumstances })).flags;

describe('nothing doubtful', () => {
  test('in the samples', () => {
    expect(flags({})).toEqual([]);
    expect(flags(full)).toEqual([]);
    expect(flags(full, { products: tableOf('0574-4072-05,A,CIII') })).toEqual([]);
  });
});

describe('identifiers', () => {
  test('flag what has a wrong check digit', () => {
    expect(flags({ pharmacist_npi: '1234567890' })).toEqual(['npi_invalid']);
    expect(flags({ prescriber_dea: 'AB1234564' })).toEqual(['prescriber_dea_invalid']);
  });
});

describe('product', () => {
  const products = tableOf('0574-4072-05,A,CIII', '51655-089-52,B,CI');

  test('NDC that fits no form, or several', () => {
    for (const ndc of ['', 'n/a', '1234567890']) {
      expect(flags({ ndc })).toEqual(['ndc_unresolved']);
      expect(flags({ ndc }, { products })).toEqual(['ndc_unresolved']);
    }
    expect(flags({ ndc: '0574407205' }, { products })).toEqual([]);
  });

  test('unknown only where there is a table to know it', () => {
    expect(flags({ ndc: '0574-4072-06' })).toEqual([]);
    expect(flags({ ndc: '0574-4072-06' }, { products })).toEqual(['ndc_unknown_product']);
  });

  test('schedule of the product', () => {
    expect(flags({ schedule: 'IV' }, { products })).toEqual(['schedule_mismatch']);
    expect(flags({ schedule: 'c-iii' }, { products })).toEqual([]);
    expect(flags({ ndc: '51655-089-52' }, { products })).toEqual(['schedule_mismatch']);
  });
});

describe('time', () => {
  const at = (offsetMs: number, circumstances: Partial<CheckContext> = {}) =>
    flags({ dispensed_at_utc: new Date(context.receivedAtMs + offsetMs).toISOString() }, circumstances);

  test('the limits themselves are fine', () => {
    expect(at(FUTURE_TOLERANCE_MS)).toEqual([]);
    expect(at(-LONG_AGO_MS)).toEqual([]);
    expect(at(0, { clock: 'unknown' })).toEqual([]);
  });

  test('beyond them', () => {
    expect(at(FUTURE_TOLERANCE_MS + 1)).toEqual(['dispensed_in_future']);
    expect(at(-LONG_AGO_MS - 1)).toEqual(['dispensed_long_ago']);
    expect(at(-LONG_AGO_MS - 1, { clock: 'unknown' })).toEqual(['dispensed_long_ago']);
  });

  test('a gateway that does not know the time judges nobody', () => {
    expect(at(FUTURE_TOLERANCE_MS + 1, { clock: 'unsynchronised' })).toEqual(['clock_unsynchronised']);
    expect(at(-LONG_AGO_MS - 1, { clock: 'unsynchronised' })).toEqual(['clock_unsynchronised']);
  });

  test('a gateway back in 1970 reads the year of a barcode by the lane’s time', () => {
    expect(
      flags({ barcode: '17280131', expires_on: '2028-01-31' }, { receivedAtMs: 0, clock: 'unsynchronised' }),
    ).toEqual(['clock_unsynchronised']);
  });
});

describe('signature', () => {
  test.each([{}, { signatures: [] }])('missing on schedule II: %j', (members) => {
    expect(flags({ ...members, schedule: 'CII' })).toEqual(['signature_missing']);
  });

  test('there and judged, or not asked for', () => {
    expect(flags({ schedule: 'II', signatures: [{}] })).toEqual(['signature_invalid']);
    expect(flags({ schedule: 'II', signatures: [{}] }, { signatures: () => ({ flags: [], notes: [] }) })).toEqual([]);
    expect(flags({ schedule: 'NONE' })).toEqual([]);
  });
});

test('several doubts come in the order of FLAGS', () => {
  const found = flags(
    {
      pharmacist_npi: 'x',
      prescriber_dea: 'x',
      ndc: 'x',
      schedule: 'II',
      dispensed_at_utc: '2027-01-01T00:00:00Z',
      barcode: 'x',
      gtin: '96385074',
    },
    { clock: 'synchronised' },
  );
  expect(found).toEqual(FLAGS.filter((flag) => found.includes(flag)));
  expect(found).toHaveLength(6);
});
