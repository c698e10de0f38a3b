import { expect, test } from 'vitest';
import type { WaitingQuery } from '../../../src/buffer/api.ts';
import { waitingGroups } from '../../../src/dashboard/review/groups.ts';
import { GOOD_BUFFER } from '../../health/facts.ts';
import { HELD } from './held.ts';

const buffer = { ...GOOD_BUFFER, conflictOpen: 1, counts: { ...GOOD_BUFFER.counts, II: { HELD: 250 } } };

function read(only: Parameters<typeof waitingGroups>[2]) {
  const asked: WaitingQuery[] = [];
  const list = (query: WaitingQuery) => {
    asked.push(query);
    return query.states.includes('HELD') ? [HELD] : [];
  };
  return { groups: waitingGroups({ buffer }, list, only), asked };
}

test('the list is read state by state, and only where something waits', () => {
  const { asked, groups } = read(null);
  expect(asked.map(({ after, of, states }) => [of, after, ...states])).toEqual([
    ['record', 0, 'HELD'],
    ['evidence', 0, 'CONFLICT'],
  ]);
  expect(groups.find(({ state }) => state === 'HELD')).toMatchObject({ total: 250, items: [HELD] });
});

test('one state can be read on from a number', () => {
  const { asked, groups } = read({ state: 'HELD', after: 100 });
  expect(asked).toEqual([{ states: ['HELD'], of: 'record', after: 100, limit: 100 }]);
  expect(groups).toHaveLength(1);
});
