import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readSchedule, SCHEDULE_NUMBERS, SCHEDULE_PATTERN } from '../../src/record/schedule.ts';

describe('readSchedule', () => {
  test.each([
    ['II', ['II', 'CII', 'C-II', 'C II', 'C2', 'C-2', 'C 2', '2', 2, 'ii', 'c-ii', 'cIi']],
    ['III', ['III', 'CIII', 'C-III', 'C3', '3', 3, 'ciii']],
    ['IV', ['IV', 'CIV', 'C-IV', 'C4', '4', 4, 'c-iv']],
    ['V', ['V', 'CV', 'C-V', 'C5', '5', 5, 'v']],
    ['NONE', ['NONE', 'none', 'None', '0', 0]],
  ])('%s', (schedule, spellings) => {
    for (const spelling of spellings) expect(readSchedule(spelling)).toBe(schedule);
  });

  test.each([
    '',
    ' ',
    'I',
    'CI',
    '1',
    1,
    6,
    2.5,
    'RX',
    'OTC',
    'C',
    'C0',
    'IIII',
    'VI',
    'CC2',
    'C--2',
    ' II',
    'II\n',
    '\u0131\u0131',
    '\u2161',
    null,
    true,
    [2],
  ])('does not guess %j', (sent) => {
    expect(readSchedule(sent)).toBeNull();
  });

  test('understands exactly what the pattern and the numbers of the schema let through', () => {
    const unit = fc.constantFrom(...'CcIiVv2345 -0NOEnoe');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 6 }), (text) => {
        expect(readSchedule(text) !== null).toBe(SCHEDULE_PATTERN.test(text));
      }),
      { numRuns: 5000 },
    );
    for (const number of SCHEDULE_NUMBERS) expect(readSchedule(number)).not.toBeNull();
  });

  test('what it gives is understood again as itself', () => {
    for (const schedule of ['II', 'III', 'IV', 'V', 'NONE']) expect(readSchedule(schedule)).toBe(schedule);
  });
});
