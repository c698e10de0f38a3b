/**
 * Production rests on a trail that whoever owns the gateway cannot change. Whether it is one is tried from inside the
 * gateway's own process, before anything is opened or a lane is served.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CounterfoilError } from '../base/errors.ts';
import { weaknessesOf } from '../trail/append-only.ts';

/** The sealer starts beside us, and has to make the first segments on a new box. */
const TRIES = 20;
const WAIT_MS = 250;
const MOST_NAMED = 5;

/** Throws `trail_unfit` (exit 78) when this process could do anything to the trail but append. */
export async function requireAppendOnly(trailDir: string, tries = TRIES): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await weaknessesOf(trailDir);
    if (found.length === 0) return;
    if (attempt >= tries) throw weak(found);
    await sleep(WAIT_MS);
  }
}

function weak(found: readonly string[]): CounterfoilError {
  const more = found.length > MOST_NAMED ? `\n… and ${found.length - MOST_NAMED} more` : '';
  return new CounterfoilError(
    'trail_unfit',
    `production: the trail is not append-only for this process:\n${found.slice(0, MOST_NAMED).join('\n')}${more}`,
    'Nothing was started. Set up the trail partition and the sealer as docs/OPERATIONS.md says, and start both units.',
  );
}
