import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { leafHash } from '../../src/tlog/merkle.ts';
import { consistencyProof, rootOf, subtreesOf } from '../../src/tlog/proof.ts';
import { judgeSigning, type RememberedHead, type SigningRequest } from '../../src/tlog/signer.ts';
import { treeHash } from './reference-tree.ts';

const FIRST = 'gw-0042/1f0c9a77/audit';
const SECOND = 'gw-0042/2a0c9a77/audit';

/** A trail whose entries say who wrote them: another writer's is another trail. */
const trailOf = (writer: string) => {
  const subtree = (start: number, end: number) =>
    treeHash(Array.from({ length: end - start }, (_, at) => Buffer.from(`${writer} ${start + at}`)));
  return {
    ask: (from: number, size: number, origin = FIRST): SigningRequest => ({
      origin,
      size,
      root: rootOf(size, subtree),
      proof: from <= size ? consistencyProof(from, size, subtree) : [],
    }),
  };
};
const ours = trailOf('ours');
const forged = trailOf('forged');

/** Asks one after the other; gives what was answered and what is remembered at the end. */
const inTurn = (...requests: readonly SigningRequest[]) => {
  let remembered: readonly RememberedHead[] = [];
  const answers = requests.map((request) => {
    const verdict = judgeSigning(remembered, request);
    if (verdict.sign) remembered = verdict.remember;
    return verdict.sign ? 'signed' : verdict.refusal;
  });
  return { answers, remembered };
};

test('a growing tree is signed, and the same one again', () => {
  const { answers, remembered } = inTurn(ours.ask(0, 0), ours.ask(0, 3), ours.ask(3, 3), ours.ask(3, 8));
  expect(answers).toEqual(['signed', 'signed', 'signed', 'signed']);
  expect(remembered).toEqual([{ origin: FIRST, size: 8, root: ours.ask(0, 8).root }]);
});

describe('never', () => {
  test('a smaller tree', () => {
    expect(inTurn(ours.ask(0, 8), ours.ask(0, 7)).answers).toEqual(['signed', 'smaller']);
  });

  test('another tree of the same or a larger size, whatever proof comes with it', () => {
    const { answers } = inTurn(
      ours.ask(0, 8),
      forged.ask(8, 8),
      forged.ask(8, 12),
      { ...forged.ask(8, 12), proof: ours.ask(8, 12).proof },
      { ...ours.ask(8, 12), proof: [] },
      { ...ours.ask(8, 12), proof: ours.ask(7, 12).proof },
      ours.ask(8, 12),
    );
    expect(answers).toEqual([
      'signed',
      'inconsistent',
      'inconsistent',
      'inconsistent',
      'inconsistent',
      'inconsistent',
      'signed',
    ]);
  });

  test('an origin that is none of ours', () => {
    expect(inTurn(ours.ask(0, 1, 'anything')).answers).toEqual(['bad_origin']);
  });

  test.each(['gw-0043/2a0c9a77/audit', 'gw-0042/2a0c9a77/schedule_two', 'anything'])('%s after another', (origin) => {
    expect(inTurn(ours.ask(0, 8), ours.ask(0, 9, origin)).answers).toEqual(['signed', 'bad_origin']);
  });

  test('an origin whose epoch has ended, however far its tree has grown', () => {
    const { answers, remembered } = inTurn(
      ours.ask(0, 8),
      ours.ask(0, 9, SECOND),
      ours.ask(8, 20, FIRST),
      forged.ask(0, 20, FIRST),
    );
    expect(answers).toEqual(['signed', 'signed', 'bad_origin', 'bad_origin']);
    expect(remembered.map(({ origin, size }) => [origin, size])).toEqual([
      [FIRST, 8],
      [SECOND, 9],
    ]);
  });
});

test('a new epoch starts afresh and is kept to from then on', () => {
  const { answers } = inTurn(
    ours.ask(0, 8),
    ours.ask(0, 3, SECOND),
    ours.ask(0, 2, SECOND),
    forged.ask(3, 5, SECOND),
    ours.ask(3, 5, SECOND),
  );
  expect(answers).toEqual(['signed', 'signed', 'smaller', 'inconsistent', 'signed']);
});

test('whatever is asked in whatever order, no two signed heads of an origin contradict each other', () => {
  const asked = fc.record({
    trail: fc.constantFrom(ours, forged),
    origin: fc.constantFrom(FIRST, SECOND),
    from: fc.nat(12),
    size: fc.nat(12),
  });
  fc.assert(
    fc.property(fc.array(asked, { maxLength: 12 }), (requests) => {
      let remembered: readonly RememberedHead[] = [];
      const signed = new Map<string, RememberedHead[]>();
      for (const { trail, origin, from, size } of requests) {
        const request = trail.ask(from, size, origin);
        const verdict = judgeSigning(remembered, request);
        if (!verdict.sign) continue;
        remembered = verdict.remember;
        signed.set(origin, [...(signed.get(origin) ?? []), request]);
      }
      for (const heads of signed.values()) {
        const isOneTrail = [ours, forged].some((trail) =>
          heads.every(({ size, root }) => trail.ask(0, size).root.equals(root)),
        );
        expect(isOneTrail).toBe(true);
        expect(heads.map(({ size }) => size)).toEqual(heads.map(({ size }) => size).toSorted((a, b) => a - b));
      }
    }),
    { numRuns: 300 },
  );
});

test('stored nodes make the proofs it asks for', () => {
  const nodes = subtreesOf((level, index) =>
    level === 0 ? leafHash(`ours ${index}`) : treeOf(index * 2 ** level, 2 ** level),
  );
  const request = { ...ours.ask(0, 11), proof: consistencyProof(6, 11, nodes) };
  expect(inTurn(ours.ask(0, 6), request).answers).toEqual(['signed', 'signed']);
});

function treeOf(start: number, length: number): Buffer {
  return treeHash(Array.from({ length }, (_, at) => Buffer.from(`ours ${start + at}`)));
}
