/**
 * The attack suite: a recorded trail altered in every way we could think of. What is found with witnesses and what without
 * stands in docs/SECURITY-MODEL.md, made from these verdicts. `counterfoil trail verify` and the second verifier must agree.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scene } from '../scene.ts';
import { ATTACKS } from './attacks.ts';
import { codesOf } from './inspect-verifier.ts';
import { sampleRecording } from './sample-trail.ts';
import { attackTable, type Judged, judgeAll, withTable } from './table.ts';
import { LOGS, readFiles, takeApart, write } from './trail-model.ts';
import { WAYS, type Way, wordsOf } from './trial.ts';

const PAGE = resolve(import.meta.dirname, '../../../docs/SECURITY-MODEL.md');
const scene = new Scene();
const recording = sampleRecording();
let judged: Judged[] = [];

beforeAll(() => {
  judged = judgeAll(scene.folder(), recording);
  // Some hundred calls of openssl: seconds, but on a busy machine many of them.
}, 120_000);
afterAll(() => scene.close());

const of = (what: string | null): Judged => {
  const found = judged.find(({ attack }) => (attack?.what ?? null) === what);
  if (found === undefined) throw new Error(`${what} was not judged`);
  return found;
};
const answersTo = (what: string | null, way: Way) => {
  const found = of(what).answers[WAYS.indexOf(way)];
  if (found === undefined) throw new Error(`${what} was not judged ${way}`);
  return found;
};
/** Whether an attack is found, by both. */
const isFound = (what: string, way: Way) => {
  const { ours, python } = answersTo(what, way);
  expect({ what, way, ours: ours.ok, codes: codesOf(ours) }).toMatchObject({ ours: python.ok });
  return !python.ok;
};

describe('the recording they start from', () => {
  test.each(WAYS)('is good, judged %s', (way) => {
    const { ours, python } = answersTo(null, way);
    expect([codesOf(ours), wordsOf(python)]).toEqual(['ok', 'ok']);
    for (const log of LOGS) {
      const { leaves, roots } = write(recording.models[log], recording.privateKey);
      const whole = { entries: leaves.length, root: roots.at(-1)?.toString('base64') };
      expect(python.logs[log]).toMatchObject({ ...whole, torn_tail: null, notices: [] });
      expect(ours.logs[log]).toMatchObject({ ...whole, checkpoints: { seen: 4, proven: 4 } });
    }
  });

  test('has witnesses for both trails', () => {
    const { ours, python } = answersTo(null, 'witnesses');
    for (const log of LOGS) {
      expect(python.logs[log].cosignatures).toBe(2);
      expect(ours.logs[log]?.cosignatures).toEqual({ seen: 2, proven: 2 });
      expect(python.witnesses.filter((witness) => witness.log === log).length).toBeGreaterThan(10);
    }
  });

  test("comes out of the forger's tools byte for byte, so that they can forge everything", () => {
    const files = readFiles(of(null).questions.alone.trailDir);
    for (const log of LOGS) {
      expect(write(takeApart(files[log]), recording.privateKey).files).toEqual(files[log]);
    }
  });
});

describe('with witnesses', () => {
  test.each(ATTACKS.filter(({ why }) => why === undefined))('found: $what', ({ what }) => {
    expect(isFound(what, 'witnesses')).toBe(true);
  });

  test.each(ATTACKS.filter(({ why }) => why !== undefined))('not found, as the page admits: $what', ({ what }) => {
    expect(WAYS.map((way) => isFound(what, way))).toEqual([false, false, false]);
  });
});

describe('without witnesses', () => {
  test.each(ATTACKS.filter(({ key }) => key))('not found, because the key was stolen: $what', ({ what }) => {
    expect([isFound(what, 'alone'), isFound(what, 'key')]).toEqual([false, false]);
  });

  test('without the key, all is found but what leaves no checkpoint behind it', () => {
    const unseen = ATTACKS.filter(({ what, key }) => !key && !isFound(what, 'alone')).map(({ what }) => what);
    expect(unseen).toEqual([
      'the same, and take all checkpoints and keys out',
      "the same, and sign all checkpoints with a key of the forger's own",
      'truncate below the last witness',
      'truncate above the last cosigned checkpoint, below the last receipt',
      'truncate above everything a witness has seen',
      'drop the last segment',
      'restore an old disk image',
      'empty a whole trail',
      'add an entry at the end',
    ]);
    const unseenWithKey = unseen.filter((what) => !isFound(what, 'key'));
    expect(unseenWithKey).toEqual(unseen.slice(2));
  });
});

test('the table of docs/SECURITY-MODEL.md is current: node test/harness/attacks/write-table.ts', () => {
  const page = readFileSync(PAGE, 'utf8');
  expect(withTable(page, attackTable(judged))).toBe(page);
});
