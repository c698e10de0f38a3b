import { expect, it } from 'vitest';
import { CounterfoilError } from '../../src/base/errors.ts';
import { openBuffer } from '../../src/buffer/open.ts';
import { anyKey, handClock, inFolder, item, refusal } from './fixture.ts';

const open = (dataDir: string) =>
  openBuffer({
    dataDir,
    gatewayId: 'gw-test',
    clock: handClock(),
    onFatal: (error) => {
      throw error;
    },
  });

it('commits groups on its own thread and reads them back on another connection', () =>
  inFolder(async (dir) => {
    const buffer = await open(dir);
    const groups = Array.from({ length: 20 }, () => [
      item({ key: anyKey() }),
      item({ key: anyKey(), schedule: 'II' }),
      refusal(Buffer.from(anyKey())),
    ]);
    const answers = await Promise.all(groups.map((group) => buffer.intake(group)));
    const sequences = answers.flat().flatMap((answer) => ('sequence' in answer ? [answer.sequence] : []));
    expect(sequences).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
    const page = buffer.readPending('standard', 100, 1e6);
    expect(page.entries.length).toBe(20);
    const settled = await buffer.settle(
      'standard',
      page.entries.map(({ sequence }) => ({ sequence, to: 'SYNCED', pmsId: null, reason: null, verification: null })),
    );
    expect(settled.map((record) => record.idempotencyKey)).toEqual(
      groups.map(([first]) => first?.type === 'record' && first.record.idempotencyKey),
    );
    expect(buffer.readPending('standard', 100, 1e6).entries).toEqual([]);
    await buffer.note('audit', 'stop', {});
    await buffer.close();
    const again = await open(dir);
    expect(again.epoch).toBe(buffer.epoch);
    expect(again.facts()).toMatchObject({
      lastSequence: 40,
      refusedOpen: 20,
      counts: { NONE: { SYNCED: 20 }, II: { PENDING: 20 } },
    });
    expect(again.facts().oldestPending.II?.sequence).toBe(2);
    await again.close();
  }));

it('lets only one gateway at a data_dir', () =>
  inFolder(async (dir) => {
    const buffer = await open(dir);
    await expect(open(dir)).rejects.toMatchObject({ code: 'buffer_locked' });
    await buffer.close();
    await (await open(dir)).close();
  }));

it('fails a request made after the end with a clear error', () =>
  inFolder(async (dir) => {
    const buffer = await open(dir);
    await buffer.close();
    await expect(buffer.intake([item({ key: anyKey() })])).rejects.toBeInstanceOf(CounterfoilError);
  }));
