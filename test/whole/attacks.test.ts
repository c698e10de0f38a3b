/** The attack suite on trails of the real gateway: what the page says of a made-up trail holds for a recorded one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ATTACKS } from '../harness/attacks/attacks.ts';
import { codesOf } from '../harness/attacks/inspect-verifier.ts';
import { type GatewayRecording, recordGateway } from '../harness/attacks/record-gateway.ts';
import { type Judged, judgeAll } from '../harness/attacks/table.ts';
import { LOGS, readFiles, write } from '../harness/attacks/trail-model.ts';
import { WAYS, wordsOf } from '../harness/attacks/trial.ts';
import { Scene } from '../harness/scene.ts';

const scene = new Scene();
let recording: GatewayRecording;
let judged: Judged[] = [];

beforeAll(async () => {
  recording = await recordGateway(scene);
  judged = judgeAll(scene.folder(), recording);
}, 240_000);
afterAll(() => scene.close());

const said = (what: string | null) => {
  const found = judged.find(({ attack }) => (attack?.what ?? null) === what);
  return found?.answers.map(({ ours, python }) => [codesOf(ours), wordsOf(python)]) ?? [];
};
const isFound = (what: string) =>
  said(what).map((both) => {
    const found = both.map((words) => words !== 'ok');
    expect({ what, both, agree: found[0] === found[1] }).toMatchObject({ agree: true });
    return found[0];
  });

test('the recording is good, whatever it is judged with', () => {
  expect(said(null)).toEqual(WAYS.map(() => ['ok', 'ok']));
  const files = readFiles(recording.trailDir);
  for (const log of LOGS) {
    expect(write(recording.models[log], recording.privateKey).files).toEqual(files[log]);
    expect(recording.models[log].filter(({ tail }) => tail.length > 0).length).toBeGreaterThanOrEqual(2);
  }
});

describe('with witnesses', () => {
  test.each(ATTACKS)('as the page says: $what', ({ what, why }) => {
    expect(isFound(what).at(-1)).toBe(why === undefined);
  });
});

test('with the stolen key and nobody outside, nothing is found', () => {
  for (const { what } of ATTACKS.filter(({ key }) => key)) expect(isFound(what).slice(0, 2)).toEqual([false, false]);
});
