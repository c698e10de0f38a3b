import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { daysInMonth, isCalendarDate, readInstant } from '../../src/record/instant.ts';

const two = (value: number) => String(value).padStart(2, '0');

describe('readInstant', () => {
  test.each([
    ['2026-11-22T09:03:00Z', '2026-11-22T09:03:00Z'],
    ['2026-11-22t09:03:00z', '2026-11-22T09:03:00Z'],
    ['2026-11-22 09:03:00Z', '2026-11-22T09:03:00Z'],
    ['2026-11-22T04:03:00-05:00', '2026-11-22T09:03:00Z'],
    ['2026-11-22T23:30:00.120-05:30', '2026-11-23T05:00:00.120Z'],
    ['2026-01-01T00:30:00+01:00', '2025-12-31T23:30:00Z'],
    ['2026-11-22T09:03:00-00:00', '2026-11-22T09:03:00Z'],
    ['2026-11-22T09:03:00.123456789012Z', '2026-11-22T09:03:00.123456789012Z'],
    ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00Z'],
    ['0000-01-01T00:00:00Z', '0000-01-01T00:00:00Z'],
    ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59Z'],
    // Leap seconds: only where one can be.
    ['2016-12-31T23:59:60Z', '2016-12-31T23:59:60Z'],
    ['2016-12-31T18:59:60.5-05:00', '2016-12-31T23:59:60.5Z'],
    ['2017-01-01T00:59:60+01:00', '2016-12-31T23:59:60Z'],
  ])('%s is %s', (sent, utcText) => {
    expect(readInstant(sent)?.utcText).toBe(utcText);
  });

  test.each([
    '',
    '2026-11-22',
    '2026-11-22T09:03Z',
    '2026-11-22T09:03:00',
    '2026-11-22T09:03:00+0500',
    '2026-11-22T09:03:00+05',
    '2026-11-22T09:03:00.Z',
    '2026-11-22T09:03:00,5Z',
    '2026-11-22T24:00:00Z',
    '2026-11-22T09:60:00Z',
    '2026-11-22T09:03:61Z',
    '2026-11-22T09:03:60Z',
    '2026-11-22T23:59:60Z',
    '2026-11-30T23:59:60+01:00',
    '2026-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-11-22T09:03:00+24:00',
    '2026-11-22T09:03:00+00:60',
    '0000-01-01T00:00:00+00:01',
    '9999-12-31T23:59:00-00:01',
    ' 2026-11-22T09:03:00Z',
    '2026-11-22T09:03:00Z\n',
    '２026-11-22T09:03:00Z',
    '+002026-11-22T09:03:00Z',
  ])('%j is no time', (sent) => {
    expect(readInstant(sent)).toBeNull();
  });

  test('agrees with Temporal, keeps the fraction, and its own text is read as itself', () => {
    const parts = fc.record({
      year: fc.integer({ min: 1, max: 9998 }),
      month: fc.integer({ min: 1, max: 12 }),
      day: fc.integer({ min: 1, max: 31 }),
      minute: fc.integer({ min: 0, max: 1439 }),
      second: fc.integer({ min: 0, max: 59 }),
      fraction: fc.stringMatching(/^(?:\.[0-9]{1,9})?$/),
      offset: fc.integer({ min: -1439, max: 1439 }),
    });
    fc.assert(
      fc.property(parts, ({ year, month, day, minute, second, fraction, offset }) => {
        const sign = offset < 0 ? '-' : '+';
        const at = Math.abs(offset);
        const sent =
          `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(Math.floor(minute / 60))}:${two(minute % 60)}` +
          `:${two(second)}${fraction}${sign}${two(Math.floor(at / 60))}:${two(at % 60)}`;
        const instant = readInstant(sent);
        if (day > daysInMonth(year, month)) {
          expect(instant).toBeNull();
          return;
        }
        expect(instant?.utcMs).toBe(Temporal.Instant.from(sent).epochMilliseconds);
        expect(instant?.utcText.includes(`:${two(second)}${fraction}Z`)).toBe(true);
        expect(readInstant(instant?.utcText ?? '')).toEqual(instant);
      }),
      { numRuns: 3000 },
    );
  });

  test('a leap second counts as the moment after it', () => {
    expect(readInstant('2016-12-31T23:59:60Z')?.utcMs).toBe(Date.UTC(2017, 0, 1));
  });
});

describe('isCalendarDate', () => {
  test.each(['2026-11-22', '2024-02-29', '2000-02-29', '0000-02-29'])('%s exists', (text) => {
    expect(isCalendarDate(text)).toBe(true);
  });
  test.each(['2026-02-29', '1900-02-29', '2026-11-31', '2026-11-00', '26-11-22', '2026-11-22T00:00:00Z', ''])(
    '%j does not',
    (text) => {
      expect(isCalendarDate(text)).toBe(false);
    },
  );
});
