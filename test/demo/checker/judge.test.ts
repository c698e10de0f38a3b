/** The judgement on readings that no honest program would have left behind. */
import { describe, expect, test } from 'vitest';
import type { BufferRecord } from '../../../src/demo/checker/buffer-file.ts';
import { judge, type Readings } from '../../../src/demo/checker/judge.ts';

const record = (sequence: number, more: Partial<BufferRecord> = {}): BufferRecord => ({
  epoch: 'aaaaaaaa',
  sequence,
  stream: 'standard',
  streamSequence: sequence,
  state: 'SYNCED',
  laneHash: `lane ${sequence}`,
  payloadHash: `payload ${sequence}`,
  altered: null,
  ...more,
});

function readings(records: readonly BufferRecord[]): Readings {
  return {
    tills: records.map(({ laneHash }) => ({ lane: 'lane-1', hashes: [laneHash], acknowledged: true })),
    buffer: { records, evidence: [], problems: [] },
    pms: {
      records: records
        .filter(({ state }) => state === 'SYNCED')
        .map(({ epoch, payloadHash, sequence }) => ({
          epoch,
          sequence,
          key: `key ${sequence}`,
          payloadHash,
          isWhole: true,
        })),
      gaps: new Set(),
    },
  };
}

const problemsOf = (given: Readings) => judge(given, { complete: false, altered: [] }).problems;

describe('numbers', () => {
  test('a run of missing ones is one problem', () => {
    expect(problemsOf(readings([record(1), record(5)]))).toEqual([
      'sequence 2 to 4 is missing',
      'number of stream standard 2 to 4 is missing',
    ]);
  });

  test('each epoch and each stream counts from 1', () => {
    const two = { stream: 'schedule_two', streamSequence: 1 } as const;
    const next = { epoch: 'bbbbbbbb', laneHash: 'lane x', payloadHash: 'payload x' };
    const given = readings([record(1), record(2, two), record(1, { ...next, state: 'PENDING' })]);
    expect(problemsOf(given)).toEqual([]);
  });

  test('a held record has no number in its stream yet, and gets one behind later ones', () => {
    const held = record(1, { state: 'HELD', streamSequence: null });
    expect(problemsOf(readings([held, record(2, { streamSequence: 1 })]))).toEqual([]);
    const released = record(1, { state: 'PENDING', streamSequence: 2 });
    expect(problemsOf(readings([released, record(2, { streamSequence: 1 })]))).toEqual([]);
  });

  test('a number given twice is one', () => {
    expect(problemsOf(readings([record(1), record(2, { streamSequence: 1 })]))).toContain(
      'number of stream standard 1 was given twice',
    );
  });
});

test('the same record under two numbers counts as twice', () => {
  const verdict = judge(readings([record(1), record(2, { laneHash: 'lane 1' })]), { complete: false, altered: [] });
  expect(verdict).toMatchObject({ content: false, counts: { twice: 1 } });
  expect(verdict.problems).toEqual(['record 2 is in the buffer for the second time']);
});

test('a record the PMS took in after the buffer was read is none that the buffer lacks', () => {
  const given = readings([record(1), record(2)]);
  const newer = { epoch: 'aaaaaaaa', sequence: 3, key: 'key 3', payloadHash: 'payload 3', isWhole: true };
  expect(problemsOf({ ...given, pms: { ...given.pms, records: [...given.pms.records, newer] } })).toEqual([]);
});

test('an altered record that the gateway calls synced is a problem even when it was expected', () => {
  const given = readings([record(1, { altered: 'its bytes do not match their hash' })]);
  expect(judge(given, { complete: false, altered: [1] }).problems).toEqual([
    'record 1 is altered and the gateway calls it SYNCED',
  ]);
});

test('with everything in, a quarantined record needs its gap marker at the PMS', () => {
  const given = readings([record(1, { state: 'QUARANTINED', altered: 'its bytes are missing' })]);
  expect(judge(given, { complete: true, altered: [1] }).content).toBe(false);
  const told = { ...given, pms: { ...given.pms, gaps: new Set(['aaaaaaaa 1']) } };
  expect(judge(told, { complete: true, altered: [1] })).toMatchObject({ content: true, counts: { quarantined: 1 } });
});

test('many problems are cut to the first few', () => {
  const given = readings(Array.from({ length: 30 }, (_, index) => record(index + 1)));
  const { problems } = judge({ ...given, pms: { records: [], gaps: new Set() } }, { complete: false, altered: [] });
  expect(problems).toHaveLength(13);
  expect(problems.at(-1)).toBe('and 18 more');
});
