import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StreamEntry } from '../../src/buffer/api.ts';
import { checkAnswer, isStep } from '../../src/sync/answer.ts';
import { type Batch, buildBatch } from '../../src/sync/batch.ts';
import { MemoryBuffer } from '../harness/memory-buffer.ts';
import { acceptedResult, type SentBatch, type SentEntry } from '../harness/scripted-pms.ts';

const NOBODY: ReadonlySet<number> = new Set();

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

/** Two ordinary records and two of Schedule II, as if they shared a stream: the checks do not care. */
function mixedBatch(): Batch {
  const buffer = new MemoryBuffer();
  const entries = (['IV', 'II', 'NONE', 'II'] as const).map((schedule) => buffer.add(schedule));
  return batchOf(entries.map((entry, index) => ({ ...entry, streamSequence: index + 1 })));
}

const sentIn = (batch: Batch): readonly SentEntry[] => (JSON.parse(batch.body.toString('utf8')) as SentBatch).records;

/** Words a PMS, a portal or a broken proxy might use, right and wrong ones in any mixture. */
function anyElement(batch: Batch): fc.Arbitrary<unknown> {
  const sent = sentIn(batch);
  const keys = fc.constantFrom(...sent.map((entry) => entry.idempotency_key), 'key-99999999', '', null, undefined, 7);
  const hashes = fc.constantFrom(...sent.map((entry) => entry.payload_hash), '0'.repeat(64), 'AB', null, undefined);
  const statuses = fc.constantFrom(
    'accepted',
    'duplicate',
    'rejected',
    'hash_mismatch',
    'pending_verification',
    'noted',
    'ok',
    null,
  );
  const verification = fc.oneof(
    fc.constant(undefined),
    fc.record({
      status: fc.constantFrom('verified', 'pending'),
      payload_hash: hashes,
      verifier_id: fc.constantFrom('V-1', ''),
      verified_at_utc: fc.constantFrom('2026-11-22T09:03:00Z', 'yesterday'),
    }),
  );
  const number = fc.oneof(fc.integer({ min: -1, max: 6 }), fc.constantFrom('1', null, 1.5));
  const made = fc.record({
    stream_sequence: number,
    idempotency_key: keys,
    payload_hash: hashes,
    status: statuses,
    verification,
  });
  const right = fc.constantFrom(...sent.map((entry) => acceptedResult(entry)));
  return fc.oneof(made, right, fc.jsonValue());
}

/** The rule in its own words: does some element say yes to exactly this record? */
function somebodySaysYes(entry: SentEntry, elements: readonly unknown[]): boolean {
  return elements.some((element) => {
    const word = element as Record<string, unknown> | null;
    if (typeof word !== 'object' || word === null) return false;
    const yes = word.status === 'accepted' || word.status === 'duplicate';
    const echoes = word.idempotency_key === entry.idempotency_key && word.payload_hash === entry.payload_hash;
    const verified = (word.verification as Record<string, unknown> | undefined) ?? {};
    const isVerified = verified.status === 'verified' && verified.payload_hash === entry.payload_hash;
    return yes && echoes && word.stream_sequence === entry.stream_sequence && (entry.schedule !== 'II' || isVerified);
  });
}

describe('no answer whatsoever', () => {
  test('makes a record SYNCED unless an element names its key and hash and says yes', () => {
    const batch = mixedBatch();
    const answers = fc.array(anyElement(batch), { maxLength: 8 });
    let yes = 0;
    fc.assert(
      fc.property(answers, (results) => {
        const answer = checkAnswer(batch, { results }, NOBODY);
        for (const { sequence, to } of answer?.settlements ?? []) {
          if (to !== 'SYNCED') continue;
          yes += 1;
          const entry = sentIn(batch).find((one) => one.sequence === sequence);
          expect(entry !== undefined && somebodySaysYes(entry, results)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
    // The property is worth nothing when no run says yes.
    expect(yes).toBeGreaterThan(100);
  });

  test('that is not an answer settles anything', () => {
    const batch = mixedBatch();
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        expect(checkAnswer(batch, json, NOBODY)?.settlements ?? []).toEqual([]);
      }),
    );
    for (const json of [undefined, null, [], 'ok', { results: {} }, { ok: true }]) {
      expect(checkAnswer(batch, json, NOBODY)).toBeNull();
    }
  });

  test('loses count of an entry: each is settled, noted, counted again or left, once', () => {
    const batch = mixedBatch();
    fc.assert(
      fc.property(fc.array(anyElement(batch), { maxLength: 8 }), (results) => {
        const answer = checkAnswer(batch, { results }, NOBODY);
        if (answer === null) throw new Error('an answer');
        expect(answer.countedCount + answer.left.length).toBe(batch.entries.length);
        const sequences = [...answer.settlements, ...answer.left].map((one) => one.sequence);
        expect(new Set(sequences).size).toBe(sequences.length);
      }),
    );
  });
});

describe('single words', () => {
  const batch = mixedBatch();
  const [first, second] = sentIn(batch);
  if (first === undefined || second === undefined) throw new Error('two entries');
  const why = (element: unknown) => checkAnswer(batch, { results: [element] }, NOBODY)?.left[0]?.why;

  test('say why a record is left', () => {
    expect(checkAnswer(batch, { results: [] }, NOBODY)?.left.map((left) => left.why)).toEqual(Array(4).fill('missing'));
    expect(why({ ...acceptedResult(first), idempotency_key: 'key-99999999' })).toBe('key_not_echoed');
    expect(why({ ...acceptedResult(first), idempotency_key: undefined })).toBe('key_not_echoed');
    expect(why({ ...acceptedResult(first), payload_hash: '0'.repeat(64) })).toBe('hash_not_echoed');
    expect(why({ ...acceptedResult(first), status: 'stored' })).toBe('not_understood');
    expect(why({ ...acceptedResult(first), status: 'noted' })).toBe('not_understood');
    expect(why(acceptedResult(first, 'hash_mismatch'))).toBe('hash_mismatch');
  });

  test('a Schedule II yes without verification leaves the record', () => {
    const unverified = { ...acceptedResult(second), verification: undefined };
    const answer = checkAnswer(batch, { results: [unverified] }, NOBODY);
    expect(answer?.settlements).toEqual([]);
    expect(answer?.left.find((left) => left.sequence === second.sequence)?.why).toBe('unverified');
  });

  test('a verified Schedule II yes carries who verified it', () => {
    expect(checkAnswer(batch, { results: [acceptedResult(second)] }, NOBODY)?.settlements[0]).toMatchObject({
      sequence: second.sequence,
      to: 'SYNCED',
      verification: { verifierId: 'V-1', verifiedAt: '2026-11-22T09:03:00Z' },
    });
  });

  test('two different words about one record are no word', () => {
    const results = [acceptedResult(first), acceptedResult(first, 'rejected')];
    expect(checkAnswer(batch, { results }, NOBODY)?.left[0]?.why).toBe('contradictory');
  });

  test('a second hash mismatch sets the record aside', () => {
    const results = [acceptedResult(first, 'hash_mismatch')];
    const answer = checkAnswer(batch, { results }, new Set([first.sequence]));
    expect(answer?.settlements[0]).toMatchObject({ to: 'SET_ASIDE', reason: 'hash_mismatch' });
  });

  test('a PMS that reckons every hash wrongly has no more than three records set aside by one answer', () => {
    const buffer = new MemoryBuffer();
    const many = batchOf(Array.from({ length: 10 }, () => buffer.add('IV')));
    const results = sentIn(many).map((entry) => acceptedResult(entry, 'hash_mismatch'));
    const answer = checkAnswer(many, { results }, new Set(many.entries.map(({ sequence }) => sequence)));
    expect(answer?.settlements.map(({ to }) => to)).toEqual(['SET_ASIDE', 'SET_ASIDE', 'SET_ASIDE']);
    expect(answer?.left.map(({ why }) => why)).toEqual(Array(7).fill('hash_mismatch'));
  });
});

describe('delivered again after a 409', () => {
  test('a settled record counts and does not change back', () => {
    const buffer = new MemoryBuffer();
    const batch = batchOf([{ ...buffer.add(), state: 'SYNCED' }]);
    const [entry] = sentIn(batch);
    if (entry === undefined) throw new Error('an entry');
    for (const status of ['duplicate', 'rejected']) {
      const answer = checkAnswer(batch, { results: [acceptedResult(entry, status)] }, NOBODY);
      expect(answer).toMatchObject({ settlements: [], left: [], countedCount: 1 });
    }
  });

  test('the steps are those of the buffer', () => {
    expect(isStep('AWAITING_VERIFICATION', 'SYNCED')).toBe(true);
    expect(isStep('AWAITING_VERIFICATION', 'SET_ASIDE')).toBe(false);
    expect(isStep('SYNCED', 'REJECTED')).toBe(false);
  });
});

describe('a gap marker', () => {
  const buffer = new MemoryBuffer();
  const { sequence, streamSequence, payloadHash } = buffer.add();
  const batch = batchOf([{ gap: 'set_aside', sequence, streamSequence, payloadHash }]);
  const noted = { stream_sequence: 1, payload_hash: payloadHash.toString('hex'), status: 'noted' };

  test('is noted by its hash', () => {
    expect(checkAnswer(batch, { results: [noted] }, NOBODY)).toMatchObject({ noted: [sequence], countedCount: 1 });
  });

  test('is not noted by another hash or another word', () => {
    for (const word of [
      { ...noted, payload_hash: '0'.repeat(64) },
      { ...noted, status: 'rejected' },
    ]) {
      expect(checkAnswer(batch, { results: [word] }, NOBODY)?.noted).toEqual([]);
    }
  });
});
