import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeDisk } from '../../src/trail/disk.ts';
import { ownKeeper } from '../../src/trail/own-keeper.ts';
import { Scene } from '../harness/scene.ts';

describe('the disk of the trail', () => {
  let scene: Scene;
  let trailDir: string;
  beforeEach(() => {
    scene = new Scene();
    trailDir = join(scene.folder(), 'not', 'made', 'yet');
  });
  afterEach(() => scene.close());

  it('appends to what the keeper has made, for its owner only', async () => {
    const keeper = ownKeeper(trailDir);
    const { path, appendOnly } = await keeper.prepare('audit', 7);
    expect(appendOnly).toBe(false);
    const handle = await nodeDisk.open(path);
    await handle.append(Buffer.from('one\n'));
    await handle.append(Buffer.from('two\n'));
    await handle.sync();
    expect(await handle.size()).toBe(8);
    await handle.close();
    await keeper.prepare('audit', 7);
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(trailDir, 'audit')).mode & 0o777).toBe(0o700);
    expect(await nodeDisk.read(path, 2, 100)).toEqual(Buffer.from('e\ntwo\n'));
    await nodeDisk.sync(path);
  });

  it('lists segments only, by number', async () => {
    const directory = join(trailDir, 'audit');
    expect(await nodeDisk.list(directory)).toEqual([]);
    mkdirSync(directory, { recursive: true });
    for (const name of ['s00000010.log', 's00000002.log', 's2.log', 'notes.txt']) {
      writeFileSync(join(directory, name), name);
    }
    expect(await nodeDisk.list(directory)).toEqual([
      { n: 2, bytes: 13 },
      { n: 10, bytes: 13 },
    ]);
  });

  it('opens nothing that is not there', async () => {
    await expect(nodeDisk.open(join(trailDir, 'audit', 's00000000.log'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
