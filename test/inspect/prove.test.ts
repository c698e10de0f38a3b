/** Proofs made from a trail, checked alone, and altered in every member. */
import { describe, expect, test } from 'vitest';
import { CounterfoilError } from '../../src/base/errors.ts';
import { parseVerifierKey } from '../../src/inspect/note.ts';
import { checkProof, type TrailProof } from '../../src/inspect/proof-file.ts';
import { type ProveTask, proveEntry } from '../../src/inspect/prove.ts';
import { findLogs } from '../../src/inspect/verify.ts';
import { alter, begunTrail, end, fill, lineOf, type MadeTrail, wholeTrail } from './made.ts';
import { makeKey, verifierKey } from './trail-maker.ts';

const prove = ({ directory }: MadeTrail, task: Partial<ProveTask>): TrailProof =>
  proveEntry({
    logs: findLogs(directory, null),
    wanted: { sequence: 1, epoch: null },
    key: null,
    checkpoint: null,
    toNewest: false,
    ...task,
  });

const holds = (proof: object, key = null as ReturnType<typeof parseVerifierKey>) =>
  checkProof(JSON.stringify(proof), key).holds;

const codeOf = (task: () => unknown): string => {
  try {
    task();
  } catch (error) {
    return error instanceof CounterfoilError ? error.code : String(error);
  }
  return 'none';
};

describe('a proof', () => {
  test('for every record of a trail holds alone', () => {
    const trail = wholeTrail();
    const key = parseVerifierKey(verifierKey(trail.audit.origin, trail.audit.key));
    for (let sequence = 1; sequence <= trail.audit.sequence; sequence += 7) {
      const proof = prove(trail, { wanted: { sequence, epoch: null } });
      expect(JSON.parse(proof.entry).r.records.map(([each]: [number]) => each)).toContain(sequence);
      expect(holds(proof)).toBe(true);
      expect(holds(proof, key)).toBe(true);
    }
  });

  test('leads to a checkpoint that a till has, and on to the newest', () => {
    const trail = begunTrail();
    fill(trail.audit, 10);
    const kept = trail.audit.checkpoint();
    fill(trail.audit, 13);
    end(trail);
    const proof = prove(trail, { checkpoint: kept, toNewest: true });
    expect(proof.checkpoint).toBe(kept);
    expect(checkProof(JSON.stringify(proof), null).steps.at(-1)).toMatch(
      /^the checkpoint of \d+ entries follows from it/,
    );
    const [first = '', ...rest] = proof.newer?.consistency ?? [];
    expect(holds({ ...proof, newer: { ...proof.newer, consistency: [...rest, first] } })).toBe(false);
    expect(holds({ ...proof, newer: { ...proof.newer, checkpoint: kept } })).toBe(false);
  });

  test('is found by a receipt', () => {
    const trail = begunTrail();
    const index = trail.scheduleTwo.intake(1);
    trail.scheduleTwo.checkpoint();
    end(trail);
    const proof = prove(trail, { wanted: { log: 'schedule_two', index } });
    expect([proof.log, proof.index, holds(proof)]).toEqual(['schedule_two', index, true]);
  });

  test('with any member altered does not hold', () => {
    const trail = wholeTrail();
    const proof = prove(trail, { wanted: { sequence: 20, epoch: null } });
    const other = prove(trail, { wanted: { sequence: 50, epoch: null } });
    const altered: object[] = [
      { entry: other.entry },
      { entry: other.entry, leaf: other.leaf },
      { entry: other.entry, leaf: other.leaf, index: other.index },
      { index: proof.index + 1 },
      { leaf: other.leaf },
      { log: 'schedule_two' },
      { sequence: 50 },
      { inclusion: proof.inclusion.slice(1) },
      { inclusion: [...proof.inclusion].reverse() },
      { inclusion: other.inclusion },
      { checkpoint: proof.checkpoint.replace(/\n\d+\n/, '\n7\n') },
      { keys: [] },
      { keys: [verifierKey(trail.audit.origin, makeKey())] },
      { format: 'counterfoil-proof/2' },
    ];
    for (const change of altered) expect([change, holds({ ...proof, ...change })]).toEqual([change, false]);
    expect(holds(proof, parseVerifierKey(verifierKey(trail.audit.origin, makeKey())))).toBe(false);
    expect(checkProof('no proof', null)).toMatchObject({ holds: false });
  });
});

describe('no proof is made', () => {
  test('of what is not there, or under no checkpoint yet', () => {
    const trail = begunTrail();
    trail.audit.checkpoint();
    trail.audit.intake(1);
    end(trail);
    expect(codeOf(() => prove(trail, { wanted: { sequence: 99, epoch: null } }))).toBe('usage');
    expect(codeOf(() => prove(trail, {}))).toBe('usage');
    expect(codeOf(() => prove(trail, { wanted: { sequence: 1, epoch: '00000000' } }))).toBe('usage');
  });

  test('from a trail that does not hold, or to a checkpoint of another one', () => {
    const trail = wholeTrail();
    const elsewhere = begunTrail();
    fill(elsewhere.audit, 30);
    const foreign = elsewhere.audit.checkpoint();
    end(elsewhere);
    expect(codeOf(() => prove(trail, { checkpoint: foreign }))).toBe('trail_damaged');
    alter(trail.audit.pathOf(0), (text) => text.replace(lineOf(trail.audit.pathOf(0), 5).text, ''));
    expect(codeOf(() => prove(trail, { wanted: { sequence: 30, epoch: null } }))).toBe('trail_damaged');
  });
});
