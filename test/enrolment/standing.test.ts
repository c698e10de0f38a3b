import { expect, test } from 'vitest';
import type { LaneEntry } from '../../src/enrolment/api.ts';
import { laneStandings } from '../../src/enrolment/standing.ts';

const entry = (lane: string, more: Partial<LaneEntry> = {}): LaneEntry => ({
  ...{ lane, state: 'enrolled', certificate: { fromMs: 1, untilMs: 100 }, codeUntilMs: null, certificates: 1 },
  ...more,
});
const nobody = { knocking: [], shown: new Map(), twice: [] };

test('what a lane has shown counts before what it was given; one of another authority is named too', () => {
  const shown = new Map([
    ['lane-1', { fromMs: 0, untilMs: 50 }],
    ['lane-9', { fromMs: 0, untilMs: 70 }],
  ]);
  const lanes = [entry('lane-1'), entry('lane-2'), entry('lane-3', { state: 'password', certificate: null })];
  expect(
    laneStandings({ lanes }, { ...nobody, shown }).map((each) => [each.lane, each.state, each.certificate?.untilMs]),
  ).toEqual([
    ['lane-1', 'enrolled', 50],
    ['lane-2', 'enrolled', 100],
    ['lane-3', 'password', undefined],
    ['lane-9', 'chain', 70],
  ]);
});

test('a revoked lane has no certificate that could end, and is told apart by what it does', () => {
  const lanes = [entry('lane-1', { state: 'revoked' })];
  const shown = new Map([['lane-1', { fromMs: 0, untilMs: 50 }]]);
  expect(laneStandings({ lanes }, { knocking: ['lane-1'], shown, twice: [] })).toEqual([
    { lane: 'lane-1', state: 'revoked', certificate: null, isTwice: false, isKnocking: true },
  ]);
});
