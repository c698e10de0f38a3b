import { expect, test } from 'vitest';
import { rosterChecks } from '../../../src/health/checks/roster.ts';
import type { RosterFacts } from '../../../src/health/sources.ts';
import { snapshotOf } from '../facts.ts';

const DAY_MS = 86_400_000;
const GOOD: RosterFacts = { broken: false, signersNow: 2, firstEndsInMs: 100 * DAY_MS };
const statuses = (facts: Partial<RosterFacts>) =>
  rosterChecks(snapshotOf({ roster: () => ({ ...GOOD, ...facts }) })).map(({ name, status }) => `${name} ${status}`);

test('a store without a roster has nothing to look at', () => {
  expect(rosterChecks(snapshotOf({ roster: () => null }))).toEqual([]);
});

test.each([
  [{}, 'pass', 'pass'],
  [{ broken: true }, 'warn', 'pass'],
  [{ signersNow: 0, firstEndsInMs: null }, 'pass', 'warn'],
  [{ firstEndsInMs: 14 * DAY_MS }, 'pass', 'pass'],
  [{ firstEndsInMs: 14 * DAY_MS - 1 }, 'pass', 'warn'],
] as const)('%j', (facts, file, signers) => {
  expect(statuses(facts)).toEqual([`roster:file ${file}`, `roster:signers ${signers}`]);
});
