import { describe, expect, test } from 'vitest';
import { accessChecks } from '../../../src/health/checks/access.ts';
import type { PeopleFacts } from '../../../src/health/sources.ts';
import { NOW_MS, snapshotOf, sourcesOf } from '../facts.ts';

const PEOPLE: PeopleFacts = {
  state: 'named',
  trouble: null,
  users: 2,
  withRole: { noc: 0, pharmacist: 0, compliance: 1, it: 1 },
  withoutSecondFactor: 0,
  sessions: 1,
  breakGlass: 'sealed',
  lockedOut: 0,
};
const DAY_MS = 86_400_000;

function checks(people: Partial<PeopleFacts>, production = false) {
  const { about } = sourcesOf();
  return accessChecks(snapshotOf({ about: { ...about, production }, people: () => ({ ...PEOPLE, ...people }) }));
}

describe('users', () => {
  test('in good order', () => {
    expect(checks({}, true).map(({ status }) => status)).toEqual(['pass', 'pass']);
    expect(checks({ state: 'open', breakGlass: 'none', users: 0 })).toMatchObject([
      { observedValue: 'open', status: 'pass' },
    ]);
  });

  test('missing in production, or a file that cannot be used', () => {
    const withRole = { ...PEOPLE.withRole, it: 0 };
    expect(checks({ withRole }, true)[0]).toMatchObject({ status: 'fail', output: expect.stringContaining('role it') });
    expect(checks({ state: 'damaged', trouble: 'it is no JSON' })[0]).toMatchObject({ status: 'warn' });
    expect(checks({ state: 'damaged', trouble: 'it is no JSON' }, true)[0]).toMatchObject({ status: 'fail' });
  });

  test('the emergency code was used; somebody guesses', () => {
    expect(checks({ breakGlass: 'used' })[1]).toMatchObject({ name: 'access:breakGlass', status: 'warn' });
    expect(checks({ lockedOut: 3 })[2]).toMatchObject({ name: 'access:lockedOut', observedValue: 3, status: 'warn' });
  });
});

test.each([
  [40, 'pass', ''],
  [29, 'warn', 'The certificate of the screens ends in'],
  [13, 'warn', 'This week'],
  [2, 'warn', 'URGENT, today'],
  [-1, 'warn', 'has expired'],
])('a certificate with %d days left: %s', (days, status, says) => {
  const [check] = accessChecks(snapshotOf({ certificateUntilMs: () => NOW_MS + days * DAY_MS + 1000 }));
  expect(check).toMatchObject({ name: 'access:certificate', status, observedValue: days });
  expect(check?.output ?? '').toContain(says);
});
