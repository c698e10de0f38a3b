import fc from 'fast-check';
import { expect, test } from 'vitest';
import { afterVerdicts, EMPTY_JOURNAL, type LayerChange } from '../../src/link/journal.ts';
import type { LayerVerdict } from '../../src/link/verdict.ts';

const EVERY_MS = 300_000;
const of = (word: LayerVerdict['verdict'], code: LayerVerdict['code'] = null): LayerVerdict => ({
  layer: 'tcp',
  verdict: word,
  latencyMs: null,
  code,
  reason: null,
  advice: null,
  atMs: null,
});

/** Runs probes 15 s apart; what the trail was told after each. */
function told(probes: readonly LayerVerdict[], apartMs = 15_000): LayerChange[][] {
  let journal = EMPTY_JOURNAL;
  return probes.map((probe, index) => {
    const next = afterVerdicts(journal, [probe], index * apartMs, EVERY_MS);
    journal = next.journal;
    return [...next.tell];
  });
}

test('a change is told once, at once; a probe that says the same is not', () => {
  const probes = [of('ok'), of('ok'), of('fail', 'no_route'), of('fail', 'no_route'), of('ok')];
  expect(told(probes)).toEqual([
    [{ layer: 'tcp', verdict: 'ok', code: null, changes: 1 }],
    [],
    [{ layer: 'tcp', verdict: 'fail', code: 'no_route', changes: 1 }],
    [],
    [{ layer: 'tcp', verdict: 'ok', code: null, changes: 1 }],
  ]);
});

test('another code is a change, a layer that was not tried is none', () => {
  const probes = [of('fail', 'no_route'), of('unknown'), of('fail', 'no_route'), of('fail', 'connection_refused')];
  expect(told(probes).map((changes) => changes.length)).toEqual([1, 0, 0, 1]);
});

test('a layer that goes to and fro is told four times, then every few minutes with the number of changes', () => {
  const probes = Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? of('ok') : of('fail', 'no_route')));
  const entries = told(probes).flatMap((changes, index) => changes.map(({ changes: n }) => ({ atS: index * 15, n })));
  expect(entries.slice(0, 4).map(({ n }) => n)).toEqual([1, 1, 1, 1]);
  expect(entries.slice(4).every(({ n }) => n >= 15)).toBe(true);
  // A quarter of an hour: four at once and one for every five minutes.
  expect(entries.length).toBeLessThanOrEqual(4 + 3);
});

test('whatever happens: no change goes uncounted, and in the end the trail knows the last word', () => {
  const probe = fc.constantFrom(of('ok'), of('fail', 'no_route'), of('fail', 'connection_refused'), of('unknown'));
  fc.assert(
    fc.property(fc.array(probe, { maxLength: 60 }), (probes) => {
      const known = probes.filter(({ verdict }) => verdict !== 'unknown');
      const last = known.at(-1);
      // The last word again, until it must have been told.
      const all = told([...probes, ...(last === undefined ? [] : Array(80).fill(last))]).flat();
      const words = known.map(({ verdict, code }) => `${verdict} ${code}`);
      const changes = words.filter((word, index) => word !== words[index - 1]).length;
      expect(all.reduce((sum, each) => sum + each.changes, 0)).toBe(changes);
      if (last !== undefined) expect(all.at(-1)).toMatchObject({ verdict: last.verdict, code: last.code });
    }),
  );
});
