/**
 * The sealer, ended by SIGKILL before each of its steps, at its start and at each request, one life after the other on the
 * same disk. After every end the gateway's user can overwrite nothing, every byte is there, and the next life goes on.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CounterfoilError } from '../../src/base/errors.ts';
import { SocketTrouble } from '../../src/base/socket/call.ts';
import { leafHash, nodeHash } from '../../src/tlog/merkle.ts';
import { consistencyProof, rootOf, type Subtree } from '../../src/tlog/proof.ts';
import { missing } from '../harness/programs.ts';
import { Scene } from '../harness/scene.ts';
import { SealedBox } from '../harness/sealer/box.ts';
import { GATEWAY, runAs, SEALER } from '../harness/sealer/users.ts';

const ORIGIN = 'gw-0042/0badcafe/audit';
/** More steps than any life has. */
const MOST_STEPS = 100;
const FIRST_OF_RECOVERY = 8;

let scene: Scene;
let box: SealedBox;
const known = { segment: -1, texts: [] as string[], signed: 0 };

/** RFC 6962 over entries 0, 1, 2 …, straight from its definition. */
const subtree: Subtree = (start, end) => {
  if (end - start === 1) return leafHash(`entry ${start}`);
  let split = 1;
  while (split * 2 < end - start) split *= 2;
  return nodeHash(subtree(start, start + split), subtree(start + split, end));
};

describe.skipIf(missing('root with loop devices', 'python3'))('a sealer that is killed', () => {
  beforeEach(() => {
    scene = new Scene();
    box = new SealedBox(scene);
    Object.assign(known, { segment: -1, texts: [], signed: 0 });
  });
  afterEach(async () => await scene.close());

  test('before any of its steps: nothing can be overwritten, nothing is lost, the next life goes on', async () => {
    await killAtEach('start', 1);
    const killedBefore = await killAtEach('requests', 2);
    // The steps that matter were among them.
    for (const what of ['chattr +a', 'chattr -a', 'chattr +i', 'fallocate', 'renameSync', 'fsyncSync', 'chmodSync']) {
      expect(killedBefore.filter((step) => step.startsWith(what)).length, what).toBeGreaterThan(0);
    }
    await box.start();
    const { logs } = await box.ask('state');
    expect(logs).toMatchObject({
      audit: { newest: known.segment, spare: known.segment + 1, unsealed: 0, trouble: null },
      schedule_two: { newest: null, spare: 0, trouble: null },
    });
    for (let n = 0; n < known.segment; n++) expect(box.flags('audit', n)).toMatch(/i/);
    expect(readdirSync(join(box.trailDir, '.sealer'))).toEqual([]);
    // Nobody cleared anything by hand, so nothing of the kind is said.
    expect(box.sealer.lines.join('\n')).not.toMatch(/root rights/);
  });
});

type Phase = 'start' | 'requests';

/**
 * Lives that end before the first, second, third … step of that phase, until `enough` in a row have come to their end; gives
 * what they were killed before. Some that were killed at work are killed once more while they put that right.
 */
async function killAtEach(phase: Phase, enough: number): Promise<string[]> {
  const killedBefore: string[] = [];
  for (let killAt = 1, ended = 0; ended < enough; killAt++) {
    expect(killAt).toBeLessThan(MOST_STEPS);
    if (await life(phase, killAt)) {
      ended += 1;
      continue;
    }
    ended = 0;
    killedBefore.push(/killed before (.+)/.exec(box.sealer.errorLines.join('\n'))?.[1] ?? 'unknown');
    // The first steps of a start only try what it can do.
    if (phase === 'requests' && killAt % 2 === 0) await life('start', FIRST_OF_RECOVERY + killAt / 2);
  }
  return killedBefore;
}

/** One life: a start, a segment begun, filled and the one before it sealed, a checkpoint. False when it was killed. */
async function life(phase: Phase, killAt: number): Promise<boolean> {
  const survived = await live(phase, killAt);
  nothingCanBeOverwritten();
  everythingIsThere();
  return survived;
}

async function live(phase: Phase, killAt: number): Promise<boolean> {
  box.spawn(SEALER, { KILL_IN: phase, KILL_AT: String(killAt), PRELOAD: 'test/harness/sealer/kill-at.ts' });
  try {
    await box.sealer.line((line) => line.includes('"ready"'), 'the line "ready"');
    const n = known.segment + 1;
    await box.ask('open', { log: 'audit', n });
    box.append('audit', n, `segment ${n}\n`);
    known.segment = n;
    known.texts.push(`segment ${n}\n`);
    if (n > 0) await box.ask('seal', { log: 'audit', n: n - 1 });
    await signNext();
    await box.sealer.stop();
    return true;
  } catch (error) {
    // Not what the sealer answered or a test demanded: its end, seen from here.
    const isItsEnd = error instanceof SocketTrouble || /ended before/.test(String(error));
    if (error instanceof CounterfoilError || !isItsEnd) throw error;
    const { signal } = await box.sealer.ended();
    expect(signal, box.sealer.errorLines.join('\n')).toBe('SIGKILL');
    return false;
  }
}

/** Whatever note has left the sealer, a smaller tree is refused for ever after. */
async function signNext(): Promise<void> {
  const sign = (size: number, from: number) => {
    const proof = consistencyProof(from, size, subtree).map((hash) => hash.toString('base64'));
    const root = rootOf(size, subtree).toString('base64');
    return box.ask('sign', { log: 'audit', origin: ORIGIN, size, root, proof });
  };
  const { logs } = (await box.ask('state')) as { logs: { audit: { head: { size: number } | null } } };
  const remembered = logs.audit.head?.size ?? 0;
  expect(remembered).toBeGreaterThanOrEqual(known.signed);
  await sign(remembered + 1, remembered);
  known.signed = remembered + 1;
  if (remembered > 0) await expect(sign(remembered, remembered)).rejects.toThrow(/fewer entries/);
}

/** Asked of the kernel, as the gateway's user, about every segment by name. */
function nothingCanBeOverwritten(): void {
  const segments = Array.from({ length: known.segment + 3 }, (_, n) => box.segment('audit', n));
  expect(runAs(GATEWAY, '', '/usr/bin/python3', '-c', OPEN_EACH, ...segments)).toBe('');
}

/** Prints those it could open for overwriting. */
const OPEN_EACH = `
import os, sys
for path in sys.argv[1:]:
    try:
        os.open(path, os.O_WRONLY)
        print(path)
    except OSError:
        pass
`;

function everythingIsThere(): void {
  const read = known.texts.map((_, n) => readFileSync(box.segment('audit', n), 'utf8'));
  expect(read).toEqual(known.texts);
}
