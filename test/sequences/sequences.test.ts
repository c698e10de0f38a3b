/**
 * Misfortunes in a row: tricks of the PMS, cuts of the line, lost books, restarts and kills as a seed gives them, records all
 * the while; then good weather, and the outside checker. `SEQUENCE_SEED` replays, `SEQUENCES` sets how many.
 */
import { describe, expect, test } from 'vitest';
import { numberFromEnvironment, seededRandom } from '../harness/crash/random.ts';
import { Scene } from '../harness/scene.ts';
import { costs, describeScript, perform, writeScript } from '../harness/wayward-pms/script.ts';
import { Shop } from '../harness/wayward-pms/shop.ts';

const first = numberFromEnvironment('SEQUENCE_SEED', Date.now() % 2 ** 31);
const count = numberFromEnvironment('SEQUENCES', process.env.SEQUENCE_SEED === undefined ? 200 : 1);
const seeds = Array.from({ length: count }, (_, index) => first + index);

describe.concurrent('after any sequence of misfortunes everything is where it belongs', () => {
  test.each(seeds)('SEQUENCE_SEED=%i', async (seed) => {
    const script = writeScript(seed);
    const scene = new Scene();
    try {
      const shop = await Shop.open(scene, { random: seededRandom(seed), ...script });
      await perform(shop, script);
      await shop.settleDown();
      expect(shop.problems({ mayGiveUp: mayGiveUp(shop, script) }), describeScript(script)).toEqual([]);
    } catch (error) {
      throw new Error(`${describeScript(script)}\n${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    } finally {
      await scene.close();
    }
  });
});

/** Records the PMS gave reason to give up: those it will never take, and with some tricks any. */
function mayGiveUp(shop: Shop, script: ReturnType<typeof writeScript>): number {
  const published = [...shop.world.published.values()];
  if (costs(script)) return published.length;
  return published.filter(({ key }) => script.opinionOf(key) === 'mismatch_always').length;
}
