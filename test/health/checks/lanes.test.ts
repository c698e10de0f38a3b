import { expect, test } from 'vitest';
import { laneChecks, SILENT_MS } from '../../../src/health/checks/lanes.ts';
import { NOW_MS, snapshotOf, sourcesOf } from '../facts.ts';

const facts = sourcesOf().intake();
const lane = (name: string, more: object) => ({
  lane: name,
  connections: 1,
  lastSeenAtMs: NOW_MS - 1000,
  publishes: 1,
  refused: 0,
  missing: 0,
  missingSinceMs: null,
  clockOffsetMs: null,
  ...more,
});
const look = (...lanes: ReturnType<typeof lane>[]) => laneChecks(snapshotOf({ intake: () => ({ ...facts, lanes }) }));
const away = { connections: 0, lastSeenAtMs: NOW_MS - SILENT_MS };

test('nothing is said of tills that are well', () => {
  expect(look(lane('a', {}), lane('b', {})).every(({ status }) => status === 'pass')).toBe(true);
});

test('a till that is silent with a gap is named twice, with what to do there', () => {
  const checks = look(lane('a', {}), lane('b', { ...away, missing: 2, missingSinceMs: NOW_MS - 60_000 }));
  expect(checks.filter(({ status }) => status === 'warn')).toMatchObject([
    {
      name: 'lanes:gap',
      componentId: 'b',
      output: expect.stringMatching(/2 records that never came, for 60 s\. It is not connected.*outbox/),
    },
    { name: 'lanes:silent', componentId: 'b', output: expect.stringContaining('15 min') },
  ]);
});

test('at night everybody is silent, and that is well', () => {
  expect(look(lane('a', away), lane('b', away)).every(({ status }) => status === 'pass')).toBe(true);
});

test('a stranger with a thousand names does not make a thousand checks', () => {
  const many = Array.from({ length: 1000 }, (_, at) => lane(`x${at}`, { missing: 1, missingSinceMs: NOW_MS }));
  expect(look(...many).length).toBeLessThan(40);
});
