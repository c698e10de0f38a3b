import { hash } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/tlog/checkpoint.ts';
import { TreeHead } from '../../src/tlog/merkle.ts';
import { parseVerifierKey } from '../../src/tlog/verifier-key.ts';
import { ownSigner } from '../../src/trail/own-signer.ts';
import { Scene } from '../harness/scene.ts';

const ORIGIN = 'gw-0042/0123abcd/audit';

function rootOf(size: number): Buffer {
  const head = new TreeHead();
  for (let index = 0; index < size; index += 1) head.append(hash('sha256', `${index}`, 'buffer'));
  return head.root();
}

describe('the gateway as its own signer', () => {
  let scene: Scene;
  let folder: string;
  beforeEach(() => {
    scene = new Scene();
    folder = scene.folder();
  });
  afterEach(() => scene.close());

  const request = { log: 'audit', origin: ORIGIN, size: 1, root: rootOf(1), proof: [] } as const;

  it('signs with a key that only its owner can read, and remembers before it answers', async () => {
    const note = await ownSigner(folder).sign(request);
    expect(statSync(join(folder, 'trail-signer.key')).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'trail-signer.json')).mode & 0o777).toBe(0o600);
    const again = ownSigner(folder);
    expect(await again.newest('audit')).toEqual({ origin: ORIGIN, size: 1, root: rootOf(1), note });
    expect(await again.newest('schedule_two')).toBeNull();
    const key = parseVerifierKey(await again.verifierKey(ORIGIN));
    expect(key.ok && openCheckpoint(note, [key.key]).ok).toBe(true);
  });

  it('never signs less or something else, also after a restart', async () => {
    const two = { ...request, size: 2, root: rootOf(2) };
    await ownSigner(folder).sign(two);
    for (const other of [request, { ...two, root: rootOf(3) }, { ...two, size: 3, root: rootOf(3) }]) {
      await expect(ownSigner(folder).sign(other)).rejects.toMatchObject({ code: 'checkpoint_refused' });
    }
    await expect(ownSigner(folder).sign(two)).resolves.toContain(ORIGIN);
  });

  it('signs for both trails at once without losing either', async () => {
    const signer = ownSigner(folder);
    const two = { ...request, log: 'schedule_two', origin: ORIGIN.replace('audit', 'schedule_two') } as const;
    await Promise.all([signer.sign(request), signer.sign(two)]);
    const again = ownSigner(folder);
    expect([(await again.newest('audit'))?.size, (await again.newest('schedule_two'))?.size]).toEqual([1, 1]);
  });

  it('gives nothing away when it cannot remember', async () => {
    const signer = ownSigner(join(folder, 'not', 'there'));
    await expect(signer.sign(request)).rejects.toThrow(/ENOENT/);
  });

  it('makes no new key where one is missing or unreadable', async () => {
    await ownSigner(folder).sign(request);
    const key = readFileSync(join(folder, 'trail-signer.key'));
    rmSync(join(folder, 'trail-signer.key'));
    await expect(ownSigner(folder).newest('audit')).rejects.toMatchObject({ code: 'trail_unfit' });
    writeFileSync(join(folder, 'trail-signer.key'), 'no key');
    await expect(ownSigner(folder).newest('audit')).rejects.toMatchObject({ code: 'trail_unfit' });
    writeFileSync(join(folder, 'trail-signer.key'), key);
    writeFileSync(join(folder, 'trail-signer.json'), '{"audit":');
    await expect(ownSigner(folder).sign(request)).rejects.toMatchObject({ code: 'trail_unfit' });
  });
});
