/** One byte or one block of a trail changed, and trails cut off anywhere: both verifiers, side by side. */
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { Scene } from '../scene.ts';
import { askInspect, codesOf } from './inspect-verifier.ts';
import { askPython } from './python-verifier.ts';
import { sampleRecording } from './sample-trail.ts';
import { write, writeFiles } from './trail-model.ts';

const scene = new Scene();
afterAll(() => scene.close());

const { models, privateKey } = sampleRecording();
const { files, places } = write(models.audit, privateKey);
const scheduleTwo = write(models.schedule_two, privateKey).files;
const last = files.length - 1;
const lastFile = files[last] ?? Buffer.alloc(0);

/** Any byte of any segment. */
const anywhere = fc
  .tuple(fc.nat(last), fc.double({ min: 0, max: 0.999, noNaN: true }))
  .map(([segment, part]) => ({ segment, offset: Math.floor(part * (files[segment]?.length ?? 0)) }));

const changedAt = ({ segment, offset }: { segment: number; offset: number }, change: (file: Buffer) => Buffer) => ({
  segment,
  offset,
  files: files.with(segment, change(Buffer.from(files[segment] ?? ''))),
});

/** What both say of each audit trail, the other trail as it was; checks that they agree. */
function verdictsOn(variants: readonly (readonly Buffer[])[]) {
  const folder = scene.folder();
  const questions = variants.map((audit, at) => {
    const trailDir = join(folder, String(at));
    writeFiles(trailDir, { audit, schedule_two: scheduleTwo });
    return { trailDir, keys: [], witnessFiles: [], witnessKeys: [] };
  });
  return askPython(questions).map((python, at) => {
    const ours = askInspect(questions[at] ?? { trailDir: '', keys: [], witnessFiles: [], witnessKeys: [] });
    const said = { at, ok: python.ok, word: python.logs.audit.fault?.word };
    expect({ ...said, ours: ours.ok, code: codesOf(ours) }).toMatchObject({ ours: python.ok });
    if (python.ok)
      expect({ at, entries: ours.logs.audit?.entries }).toEqual({ at, entries: python.logs.audit.entries });
    return python;
  });
}

test('a flipped bit is found by the trail alone, wherever it is, except where it looks like a torn last line', () => {
  const flips = fc.sample(fc.tuple(anywhere, fc.nat(7)), { numRuns: 150, seed: 1 });
  const variants = flips.map(([place, bit]) =>
    changedAt(place, (file) => {
      file[place.offset] = (file[place.offset] ?? 0) ^ (1 << bit);
      return file;
    }),
  );
  const verdicts = verdictsOn(variants.map((variant) => variant.files));
  const lastLine = places.at(-1)?.offset ?? 0;
  const missed = variants.filter(({ segment, offset }, at) => {
    const isLastLine = segment === last && offset >= lastLine;
    return verdicts[at]?.ok === true && !isLastLine;
  });
  expect(missed.map(({ segment, offset }) => ({ segment, offset }))).toEqual([]);
});

test('a block that never reached the disk is found, except at the end, where the power went', () => {
  const holes = fc.sample(fc.tuple(anywhere, fc.integer({ min: 1, max: 4096 })), { numRuns: 80, seed: 2 });
  const variants = holes.map(([place, length]) =>
    changedAt(place, (file) => file.fill(0, place.offset, Math.min(file.length, place.offset + length))),
  );
  const verdicts = verdictsOn(variants.map((variant) => variant.files));
  for (const [at, { segment }] of variants.entries()) expect(verdicts[at]?.ok).toBe(segment === last);
});

test('a closed segment cut off anywhere is found', () => {
  const cuts = fc.sample(anywhere, { numRuns: 60, seed: 3 }).filter(({ segment }) => segment !== last);
  const verdicts = verdictsOn(cuts.map((place) => changedAt(place, (file) => file.subarray(0, place.offset)).files));
  expect(verdicts.filter(({ ok }) => ok)).toEqual([]);
});

describe('the last segment', () => {
  test('cut off anywhere leaves the whole lines before it, and a torn one', () => {
    const cuts = fc.sample(fc.nat(lastFile.length - 1), { numRuns: 80, seed: 4 });
    const verdicts = verdictsOn(cuts.map((cut) => files.with(last, lastFile.subarray(0, cut))));
    for (const [at, cut] of cuts.entries()) {
      const { entries, torn } = wholeBelow(cut);
      expect(verdicts[at]?.logs.audit).toMatchObject({ ok: true, entries });
      const tail = torn === 0 ? null : { segment: last, offset: cut - torn, length: torn };
      expect(verdicts[at]?.logs.audit.torn_tail).toEqual(tail);
    }
  });
});

/** What is whole of the last segment's first `cut` bytes. */
function wholeBelow(cut: number): { entries: number; torn: number } {
  const own = places.filter(({ segment }) => segment === last);
  const ends = [own[0]?.offset ?? 0, ...own.map(({ offset, length }) => offset + length)];
  const whole = ends.filter((end) => end <= cut);
  return { entries: places.length - own.length + Math.max(0, whole.length - 1), torn: cut - (whole.at(-1) ?? 0) };
}
