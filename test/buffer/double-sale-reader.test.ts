import { expect, test } from 'vitest';
import { openBuffer } from '../../src/buffer/open.ts';
import { handClock, inFolder, item } from './fixture.ts';

test('lists what was sold twice, newest first, with the sale it repeats and what undid one of the two', () =>
  inFolder(async (dir) => {
    const fail = (error: Error) => {
      throw error;
    };
    const buffer = await openBuffer({ dataDir: dir, gatewayId: 'gw-test', clock: handClock(), onFatal: fail });
    const sell = (key: string) => item({ key, schedule: 'IV', fill: 'RX-7001|0|' });
    await buffer.intake([sell('sale-0001'), item({ key: 'sale-else' }), sell('sale-0002')]);
    expect(buffer.readDoubleSales(10)).toMatchObject([
      { sequence: 3, earlier: 1, lane: 'lane-1', schedule: 'IV', state: 'PENDING', undoneBy: null },
    ]);
    await buffer.intake([item({ key: 'void-0002', kind: 'VOID', refersTo: 'sale-0002' })]);
    expect(buffer.readDoubleSales(10)).toMatchObject([{ sequence: 3, earlier: 1, undoneBy: 4 }]);
    await buffer.intake([sell('sale-0003')]);
    const all = buffer.readDoubleSales(10);
    expect(all.map(({ sequence, undoneBy }) => [sequence, undoneBy])).toEqual([
      [5, null],
      [3, 4],
    ]);
    expect(buffer.readDoubleSales(1)).toEqual(all.slice(0, 1));
    await buffer.close();
  }));
