/** Can these tests fail? Three faults are planted in the gateway, and each must be found by what looks for it. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../harness/crash/random.ts';
import { Scene } from '../harness/scene.ts';
import { Shop } from '../harness/wayward-pms/shop.ts';

const plant = (name: string) => join(import.meta.dirname, '../harness/wayward-pms', `plant-${name}.ts`);
/** A gateway that has learnt nothing from so many 409 in a row will not. */
const CONFLICTS = 6;

async function withPlant(name: string, act: (shop: Shop) => Promise<void>): Promise<string> {
  const scene = new Scene();
  try {
    const shop = await Shop.open(scene, { random: seededRandom(11), plants: [plant(name)] });
    await shop.publish(4);
    await shop.until(() => shop.quiet, 'a good beginning');
    await act(shop);
    await shop.stop('SIGTERM');
    return shop.problems().join('\n');
  } finally {
    await scene.close();
  }
}

describe.concurrent('planted faults', () => {
  test('a gateway that settles without looking at key and hash', async () => {
    const found = await withPlant('no-echo', async (shop) => {
      shop.pms.play('yes under another hash', 2);
      await shop.publish(4);
      await shop.until(() => shop.quiet, 'that it believes what it is told');
    });
    expect(found).toMatch(/is SYNCED and the PMS (has nothing|never said yes)/);
  });

  test('a gateway that skips a record after a 409', async () => {
    const found = await withPlant('skip', async (shop) => {
      shop.pms.ledger.forget(2);
      await shop.publish(4);
      await shop.until(() => shop.pms.conflictsInRow >= CONFLICTS, 'that it never finds its place');
    });
    expect(found).toMatch(/is (PENDING|SYNCED) and the PMS has nothing at that number/);
  });

  test('a gateway that follows redirects', async () => {
    const found = await withPlant('follow', async (shop) => {
      shop.pms.play('redirect 307', 1);
      await shop.publish(4);
      await shop.until(() => shop.pms.tricked > 0 && shop.quiet, 'that all is delivered');
    });
    expect(found).toMatch(/reached a host that is not the PMS/);
  });

  test('without a plant none of this is found', async () => {
    const scene = new Scene();
    try {
      const shop = await Shop.open(scene, { random: seededRandom(11) });
      await shop.publish(4);
      shop.pms.play('yes under another hash', 2);
      await shop.publish(4);
      shop.pms.play('redirect 307', 1);
      await shop.publish(4);
      shop.pms.ledger.forget(2);
      await shop.settleDown();
      expect(shop.problems()).toEqual([]);
    } finally {
      await scene.close();
    }
  });
});
