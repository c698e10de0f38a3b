import { describe, expect, test } from 'vitest';
import type { StreamEntry } from '../../src/buffer/api.ts';
import { checkAnswer } from '../../src/sync/answer.ts';
import { type Batch, buildBatch } from '../../src/sync/batch.ts';
import type { Outcome } from '../../src/sync/outcome.ts';
import { isGap } from '../../src/sync/ports.ts';
import {
  afterAnswer,
  afterOutcome,
  afterRedirect,
  entryLimit,
  isStopped,
  type Round,
  type StateOptions,
  type StreamState,
  startState,
} from '../../src/sync/stream-state.ts';
import { MemoryBuffer } from '../harness/memory-buffer.ts';

const options: StateOptions = {
  batchSize: 500,
  maxBodyBytes: 1024 * 1024,
  retryBaseMs: 100,
  retryCapMs: 10_000,
  breakerThreshold: 2,
  suspectAfterMs: 300_000,
  stoppedRetryMs: 60_000,
  coding: 'auto',
};

function batchOf(entries: readonly StreamEntry[]): Batch {
  const head = {
    gatewayId: 'gw-0042',
    epoch: '0123abcd',
    stream: 'standard',
    shown: { checkpoint: null, witness: null },
  } as const;
  const batch = buildBatch(head, entries, 500, 1024 * 1024);
  if (batch === null) throw new Error('no batch');
  return batch;
}

function roundOf(count: number, more: Partial<Round> = {}): Round {
  const batch = batchOf(new MemoryBuffer().addMany(count));
  const source = { read: 'pending', below: null } as const;
  return {
    batch,
    source,
    more: false,
    durationMs: 10,
    nowMs: 1000,
    heartbeatOk: true,
    options,
    random: () => 0.5,
    ...more,
  };
}

/** The answer in which each entry has this status, missing where it is null. */
function answerOf(batch: Batch, statuses: readonly (string | null)[]) {
  const results = batch.entries.flatMap((entry, index) => {
    const status = statuses[index] ?? null;
    if (status === null || isGap(entry)) return [];
    const { streamSequence: stream_sequence, idempotencyKey: idempotency_key } = entry;
    return [{ stream_sequence, idempotency_key, payload_hash: entry.payloadHash.toString('hex'), status }];
  });
  const answer = checkAnswer(batch, { results }, new Set());
  if (answer === null) throw new Error('an answer');
  return answer;
}

const outcome = (state: StreamState, round: Round, what: Exclude<Outcome, { kind: 'answered' | 'resume' }>) =>
  afterOutcome(state, round, what).state;
const FAILED = { kind: 'failed', fault: 'http_500', askedMs: null } as const;

describe('failures', () => {
  test('open the breaker; the trial after the wait is one entry; its success opens the window again', () => {
    const round = roundOf(3, { heartbeatOk: false });
    let state = startState(options);
    state = outcome(outcome(state, round, FAILED), round, FAILED);
    expect(state.retry).toMatchObject({ failures: 2, notBeforeMs: 1100 });
    expect(entryLimit(state, 1100, options)).toBe(1);
    state = afterAnswer(state, roundOf(1), answerOf(roundOf(1).batch, ['accepted']));
    expect(state.retry.failures).toBe(0);
    expect(entryLimit(state, 1100, options)).toBe(20);
  });

  test('over what a batch holds start a search by prefix once the breaker has opened, while the heartbeat passes', () => {
    const round = roundOf(40);
    const once = outcome(startState(options), round, FAILED);
    expect(once.window.suspectUpTo).toBeNull();
    const twice = outcome(once, round, FAILED);
    expect(twice.window).toMatchObject({ suspectUpTo: 40, limit: 20 });
    expect(outcome(twice, { ...round, batch: batchOf(round.batch.entries.slice(0, 20)) }, FAILED).window.limit).toBe(
      10,
    );
    for (const innocent of [
      { ...FAILED, fault: 'not_connected' },
      { ...FAILED, askedMs: 0 },
    ]) {
      expect(outcome(once, round, innocent).window.suspectUpTo).toBeNull();
    }
    expect(outcome(once, { ...round, heartbeatOk: false }, FAILED).window.suspectUpTo).toBeNull();
  });

  test('an answer without any verdict is one', () => {
    const round = roundOf(2);
    const state = afterAnswer(startState(options), round, answerOf(round.batch, [null, null]));
    expect(state.retry.failures).toBe(1);
  });

  test('of what is behind do not slow the front down', () => {
    const round = roundOf(1, { source: { read: 'pending', below: 9 } });
    const before = { ...startState(options), position: { cursor: 9, behind: { failures: 0, dueMs: 1000 } } };
    const state = afterAnswer(before, round, answerOf(round.batch, [null]));
    expect(state.retry.failures).toBe(0);
    expect(state.position.behind).toEqual({ failures: 1, dueMs: 1100 });
  });
});

describe('alarms', () => {
  test.each([
    ['unauthorised', 'authentication'],
    ['no_service', 'no_service'],
  ] as const)('%s stops with %s', (kind, alarm) => {
    const state = outcome(startState(options), roundOf(3), { kind });
    expect(state.alarm).toBe(alarm);
    expect(isStopped(state)).toBe(true);
    expect(state.retry).toMatchObject({ notBeforeMs: 61_000, asked: true });
    expect(entryLimit(state, 61_000, options)).toBe(1);
  });

  test('end with a checked receipt, not with an answer that has none', () => {
    const round = roundOf(1);
    const stopped = outcome(startState(options), round, { kind: 'unauthorised' });
    expect(afterAnswer(stopped, round, answerOf(round.batch, [null])).alarm).toBe('authentication');
    expect(afterAnswer(stopped, round, answerOf(round.batch, ['rejected'])).alarm).toBeNull();
  });
});

describe('a lone record that is refused', () => {
  const lone = roundOf(1);

  test('is set aside the third time', () => {
    let state = startState(options);
    for (const expected of [null, null, 1]) {
      const next = afterOutcome(state, lone, { kind: 'refused' });
      expect(next.setAside?.sequence ?? null).toBe(expected);
      state = next.state;
    }
    expect(state.setAsideInRow).toBe(1);
    expect(state.retry.failures).toBe(0);
  });

  test('starts to count anew when another one is refused', () => {
    const once = outcome(startState(options), lone, { kind: 'refused' });
    const buffer = new MemoryBuffer();
    buffer.add();
    const other = { ...lone, batch: batchOf([buffer.add()]) };
    expect(outcome(once, other, { kind: 'refused' }).refusal).toEqual({ sequence: 2, times: 1 });
  });

  test('is never a gap marker, nor a record that is settled already', () => {
    const { sequence, streamSequence, payloadHash } = new MemoryBuffer().add();
    const marker = { ...lone, batch: batchOf([{ gap: 'set_aside', sequence, streamSequence, payloadHash }]) };
    const settled = { ...lone, batch: batchOf([{ ...new MemoryBuffer().add(), state: 'SYNCED' }]) };
    for (const round of [marker, settled]) {
      let state = startState(options);
      for (let times = 0; times < 5; times += 1) {
        const next = afterOutcome(state, round, { kind: 'too_large' });
        expect(next.setAside).toBeNull();
        state = next.state;
      }
      expect(state.retry.failures).toBe(5);
    }
  });

  test('is not set aside any more once the stream has stopped over it', () => {
    let state: StreamState = { ...startState(options), alarm: 'records_refused' };
    for (let times = 0; times < 5; times += 1) {
      const next = afterOutcome(state, lone, { kind: 'refused' });
      expect(next.setAside).toBeNull();
      state = next.state;
    }
  });
});

describe('409', () => {
  const nothing = { settledAll: false, unknownCount: 0, setAsideCount: 0 };

  test('for the very number we sent is nonsense: wait', () => {
    const state = afterRedirect(startState(options), roundOf(2), { expected: 1, ...nothing });
    expect(state.retry.failures).toBe(1);
    expect(state.position.cursor).toBeNull();
  });

  test('the first time is followed at once, then with a wait, then with an alarm', () => {
    const buffer = new MemoryBuffer();
    buffer.addMany(4);
    const round = { ...roundOf(1), batch: batchOf([buffer.add()]) };
    let state = afterRedirect(startState(options), round, { expected: 2, ...nothing });
    expect(state).toMatchObject({ retry: { failures: 0 }, position: { cursor: 2 }, alarm: null });
    state = afterRedirect(state, round, { expected: 2, ...nothing });
    expect(state).toMatchObject({ retry: { failures: 1 }, alarm: null });
    state = afterRedirect(state, round, { expected: 2, ...nothing });
    expect(state.alarm).toBe('history_missing');
  });

  test('over records the PMS does not know rings without stopping', () => {
    const state = afterRedirect(startState(options), roundOf(3), {
      expected: 3,
      settledAll: false,
      unknownCount: 2,
      setAsideCount: 0,
    });
    expect(state.alarm).toBe('sequence_conflict');
    expect(isStopped(state)).toBe(false);
  });
});

test('415 for identity is a failure like any other', () => {
  expect(outcome(startState(options), roundOf(1), { kind: 'coding_refused' }).retry.failures).toBe(1);
});
