import { expect, it } from 'vitest';
import type { FixedEntry, RecordBuffer, TrailLog } from '../../src/buffer/api.ts';
import { openBuffer } from '../../src/buffer/open.ts';
import { anyKey, handClock, inFolder, item, refusal } from './fixture.ts';
import { TrailLogModel } from './trail-log.ts';

const open = (dataDir: string) =>
  openBuffer({
    dataDir,
    gatewayId: 'gw-test',
    clock: handClock(),
    onFatal: (error) => {
      throw error;
    },
  });

/** Keeps what is told, by trail, and lets one wait for an entry. */
function listen(buffer: RecordBuffer) {
  const told = { audit: new TrailLogModel(), schedule_two: new TrailLogModel() };
  let arrived = () => {};
  buffer.trail.onFixed((log: TrailLog, entries: readonly FixedEntry[]) => {
    for (const entry of entries) told[log].append(entry);
    arrived();
  });
  const until = async (log: TrailLog, size: number): Promise<void> => {
    while (told[log].size < size) await new Promise<void>((resolve) => (arrived = resolve));
  };
  return { told, until };
}

it('tells what each commit fixed, in order and without gaps, as it can be read back', () =>
  inFolder(async (dir) => {
    const buffer = await open(dir);
    const { told, until } = listen(buffer);
    const groups = Array.from({ length: 30 }, () => [
      item({ key: anyKey(), body: 'ß' }),
      item({ key: anyKey(), schedule: 'II' }),
      refusal(Buffer.from(anyKey())),
    ]);
    await Promise.all([...groups.map((group) => buffer.intake(group)), buffer.note('audit', 'stop', {})]);
    const { index } = await buffer.note('audit', 'stop', {});
    const two = await buffer.note('schedule_two', 'stop', {});
    await until('audit', index + 1);
    await until('schedule_two', two.index + 1);
    expect(told.audit.entries).toEqual(buffer.trail.read('audit', 0, 1000, 1e9));
    expect(told.schedule_two.entries).toEqual(buffer.trail.read('schedule_two', 0, 1000, 1e9));
    await buffer.close();
  }));

it('tells nothing of what was rolled back', () =>
  inFolder(async (dir) => {
    const buffer = await open(dir);
    const { told, until } = listen(buffer);
    await expect(buffer.note('audit', 'cp', { note: 'x'.repeat(70_000) })).rejects.toMatchObject({
      code: 'internal',
    });
    await buffer.note('audit', 'stop', {});
    await until('audit', 1);
    expect(told.audit.entries.map(({ index }) => index)).toEqual([0]);
    await buffer.close();
  }));

it('keeps what was stored and witnessed over an end, and reads on from there', () =>
  inFolder(async (dir) => {
    const first = await open(dir);
    await first.intake([item({ key: anyKey() }), item({ key: anyKey(), schedule: 'II' })]);
    await first.note('audit', 'stop', {});
    const cp = await first.trail.noteCheckpoint('audit', 'the note');
    await first.trail.noteCosignature('audit', 2, 'the cosignature');
    expect(first.trail.checkpoint('audit')).toEqual({ note: 'the note', cosignedSize: 2 });
    first.trail.markStored('audit', cp.index);
    first.trail.markStored('audit', 1);
    expect(first.trail.storedSize('audit')).toBe(cp.index);
    await first.close();
    first.trail.markStored('audit', cp.index + 1);
    const second = await open(dir);
    expect(second.trail.storedSize('audit')).toBe(cp.index);
    expect(second.trail.storedSize('schedule_two')).toBe(0);
    expect(second.trail.checkpoint('audit')).toEqual({ note: 'the note', cosignedSize: 2 });
    const rest = second.trail.read('audit', cp.index, 100, 1e6);
    expect(rest.map(({ text }) => JSON.parse(text).k)).toEqual(['cp', 'cosigned']);
    expect(JSON.parse(rest[0]?.text ?? '{}').p).toBe(second.trail.read('audit', cp.index - 1, 1, 1e6)[0]?.leaf);
    await second.close();
  }));
