/** .ci/run is believed when it says "0 failed": so what it counts is tested too. */
import { describe, expect, test } from 'vitest';
import { count } from '../../.ci/count.ts';

const file = (status: string, ...tests: string[]) => ({
  name: 'a.test.ts',
  status,
  assertionResults: tests.map((each) => ({ fullName: `a ${each} test`, status: each })),
});

describe('counting a vitest report', () => {
  test('all passed', () => {
    expect(count({ testResults: [file('passed', 'passed', 'passed')] }, 0)).toEqual({ passed: 2, failed: 0, bad: [] });
  });

  test.each(['failed', 'skipped', 'pending', 'todo'])('a %s test counts as failed', (status) => {
    const found = count({ testResults: [file('passed', 'passed', status)] }, status === 'failed' ? 1 : 0);
    expect(found).toMatchObject({ passed: 1, failed: 1, bad: [`${status}: a ${status} test`] });
  });

  test('a file that could not be loaded counts as failed', () => {
    expect(count({ testResults: [file('failed'), file('passed', 'passed')] }, 1)).toMatchObject({
      passed: 1,
      failed: 1,
    });
  });

  test('a file that failed after its tests had passed counts as failed', () => {
    expect(count({ testResults: [file('failed', 'passed')] }, 1)).toMatchObject({ passed: 1, failed: 1 });
  });

  test('an exit status nobody explains counts as failed', () => {
    expect(count({ testResults: [file('passed', 'passed')] }, 124)).toMatchObject({ passed: 1, failed: 1 });
  });

  test.each([0, 1])('no report, or an empty one, counts as failed (exit status %i)', (status) => {
    expect(count(null, status)).toMatchObject({ passed: 0, failed: 1 });
    expect(count({ testResults: [] }, status)).toMatchObject({ passed: 0, failed: 1 });
  });
});
