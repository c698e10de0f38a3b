import { describe, expect, it } from 'vitest';
import { CounterfoilError } from '../../src/base/errors.ts';
import type { IntakeItem, IntakeResult } from '../../src/buffer/api.ts';
import { type CommitAnswer, Committer } from '../../src/intake/committer.ts';

const itemOf = (n: number): IntakeItem => ({
  type: 'refused',
  lane: `lane-${n}`,
  receivedAtMs: n,
  idempotencyKey: null,
  hash: Buffer.alloc(32),
  reasons: [],
  bytes: Buffer.alloc(0),
});

const kept = (item: IntakeItem): IntakeResult => ({
  status: 'refused',
  state: 'REFUSED',
  receivedAtMs: item.receivedAtMs,
  trail: { log: 'audit', index: 0, leaf: Buffer.alloc(32) },
});

/** A sink the test answers by hand. */
function handSink() {
  const groups: { items: readonly IntakeItem[]; commit: () => void; fail: (error: Error) => void }[] = [];
  const intake = (items: readonly IntakeItem[]) =>
    new Promise<IntakeResult[]>((resolve, reject) =>
      groups.push({ items, commit: () => resolve(items.map(kept)), fail: reject }),
    );
  const group = async (at: number) => {
    while (groups[at] === undefined) await new Promise((resolve) => setImmediate(resolve));
    return groups[at];
  };
  return { sink: { intake }, groups, group };
}

const lanes = (items: readonly IntakeItem[]): string[] => items.map((item) => item.lane);

describe('Committer', () => {
  it('makes one group of what arrives in a turn, and the next of all that waited for it, in order', async () => {
    const { sink, group, groups } = handSink();
    const answers: CommitAnswer[] = [];
    let commits = 0;
    const committer = new Committer(sink, () => {
      commits += 1;
    });
    for (const n of [1, 2, 3]) committer.submit(itemOf(n), (answer) => answers.push(answer));
    const first = await group(0);
    for (const n of [4, 5]) committer.submit(itemOf(n), (answer) => answers.push(answer));
    expect([lanes(first.items), answers.length]).toEqual([['lane-1', 'lane-2', 'lane-3'], 0]);
    first.commit();
    const second = await group(1);
    expect([lanes(second.items), answers.length]).toEqual([['lane-4', 'lane-5'], 3]);
    const drained = committer.drained();
    second.commit();
    await drained;
    expect([answers.length, commits, groups.length]).toEqual([5, 2, 2]);
  });

  it('bounds a group', async () => {
    const { sink, group } = handSink();
    const committer = new Committer(sink, () => {});
    for (let n = 0; n < 1000; n += 1) committer.submit(itemOf(n), () => {});
    expect((await group(0)).items.length).toBe(512);
  });

  it('defers a group that found the disk full and all that waited behind it, then goes on', async () => {
    const { sink, group } = handSink();
    const answers: string[] = [];
    const committer = new Committer(sink, () => {});
    committer.submit(itemOf(1), (answer) => answers.push(answer.status));
    const first = await group(0);
    committer.submit(itemOf(2), (answer) => answers.push(answer.status));
    first.fail(new CounterfoilError('storage_full', 'full', 'free space'));
    await committer.drained();
    expect(answers).toEqual(['deferred', 'deferred']);
    committer.submit(itemOf(3), (answer) => answers.push(answer.status));
    (await group(1)).commit();
    await committer.drained();
    expect(answers).toEqual(['deferred', 'deferred', 'refused']);
  });

  it('answers nobody after a failure that leaves the disk unknown', async () => {
    const { sink, group, groups } = handSink();
    const committer = new Committer(sink, () => expect.unreachable());
    committer.submit(itemOf(1), () => expect.unreachable());
    const first = await group(0);
    committer.submit(itemOf(2), () => expect.unreachable());
    first.fail(new CounterfoilError('storage_io', 'failed', 'replace the disk'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(groups.length).toBe(1);
  });
});
