/** docs/check-trail.sh: follows chain and framing lines with other people's tools, and agrees. */
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Scene } from '../scene.ts';
import { ATTACKS } from './attacks.ts';
import { sampleRecording } from './sample-trail.ts';
import { Target } from './target.ts';
import { LOGS, writeFiles } from './trail-model.ts';

const SCRIPT = resolve(import.meta.dirname, '../../../docs/check-trail.sh');
const scene = new Scene();
const target = new Target(sampleRecording());
afterAll(() => scene.close());

/** What it prints about the audit trail (or the other one) after an attack, and whether it found it good. */
async function follow(what: string | null, log: (typeof LOGS)[number] = 'audit') {
  const attack = ATTACKS.find((each) => each.what === what);
  if (what !== null && attack === undefined) throw new Error(`there is no attack "${what}"`);
  const folder = join(scene.folder(), 'trail');
  writeFiles(folder, attack?.apply(target) ?? target.files());
  return await new Promise<{ good: boolean; text: string }>((done) => {
    execFile('bash', [SCRIPT, join(folder, log)], (error, text) => done({ good: error === null, text }));
  });
}

test.each(LOGS)('follows %s to its end', async (log) => {
  const { leaves } = target.written[log];
  const text = `${leaves.length} entries, the leaf of the last is ${leaves.at(-1)?.toString('base64')}\n`;
  expect(await follow(null, log)).toEqual({ good: true, text });
});

test.each([
  'flip a bit of an entry',
  'flip a bit of an entry in the last segment',
  'delete an entry',
  'swap two entries',
  'back-date an entry and mend its hash',
  'edit a framing line and its hash',
  'edit a torn tail',
  'drop a segment',
  'drop a segment and rename those behind it',
])('finds: %s', async (what) => {
  const { good, text } = await follow(what);
  expect(text).toMatch(/^segment \d+: /);
  expect(good).toBe(false);
});

test('follows what was chained anew: it knows no signatures', async () => {
  expect((await follow('edit an entry and chain everything behind it anew')).good).toBe(true);
});
