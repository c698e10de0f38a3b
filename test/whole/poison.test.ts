/**
 * One record with which the PMS fails for good, whatever is in the same request: it stands alone in the end, is set aside, a
 * marker takes its number, and everything before and behind it is delivered, while the PMS has not changed its mind.
 */
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../harness/crash/random.ts';
import { Scene } from '../harness/scene.ts';
import type { Request } from '../harness/wayward-pms/request.ts';
import { Shop } from '../harness/wayward-pms/shop.ts';
import type { TrickName } from '../harness/wayward-pms/tricks.ts';

const BEFORE = 6;
const BEHIND = 6;
const FOR_GOOD: readonly TrickName[] = [
  '400 for one record',
  '422 for one record',
  '500 for one record',
  'cut for one record',
  'silence for one record',
];

/** More failures than any record needs to be given up. */
const MANY_TURNS = 40;

/** Of the six failures after which a marker is tried; one more may be under way. */
const FEW_FAILURES = 4;

const isTrial = ({ batch }: Request) => batch?.records.some(({ gap }) => gap !== undefined) ?? false;
const trials = ({ pms }: Shop) => pms.requests.filter(isTrial).length;

/** A PMS that recovers just between the last failure and the marker looks as if the record had made the difference. */
function isFarFromTrial({ pms }: Shop): boolean {
  return (['standard', 'schedule_two'] as const).every((stream) => {
    const sent = pms.requests.filter(({ batch }) => batch?.stream === stream);
    return sent.length - 1 - sent.findLastIndex(isTrial) <= FEW_FAILURES;
  });
}

describe.concurrent('a record with which the PMS fails for good', () => {
  const cases = FOR_GOOD.flatMap((name) => ['II', 'IV'].map((schedule) => ({ name, schedule })));

  test.each(cases)('$name, schedule $schedule: set aside, and nothing else waits', async ({ name, schedule }) => {
    const scene = new Scene();
    try {
      const poison = new Set<string>();
      const random = seededRandom(5);
      const shop = await Shop.open(scene, { random, poisonous: (key) => poison.has(key) });
      await shop.publish(2);
      await shop.until(() => shop.quiet, 'a good beginning');
      shop.pms.play(name, Number.POSITIVE_INFINITY);
      shop.pms.cutLine();
      await shop.publish(BEFORE);
      await shop.publish(1, schedule, (records) => poison.add(records[0]?.key ?? ''));
      await shop.publish(BEHIND);
      shop.pms.mendLine();
      await shop.until(() => shop.quiet, 'that all but one is delivered');
      const places = [...shop.pms.ledger.streams.values()].flat();
      expect(places.filter(({ kind }) => kind === 'gap')).toHaveLength(1);
      expect(places.filter(({ kind }) => kind === 'record')).toHaveLength(2 + BEFORE + BEHIND);
      await shop.settleDown();
      expect(shop.problems({ mayGiveUp: 1 })).toEqual([]);
    } finally {
      await scene.close();
    }
  });

  test.each<TrickName>(['500 for batches, look-ups well', 'a body that drips'])(
    'a PMS that fails with every record, though its heartbeat and look-ups pass, has none given up: %s',
    async (name) => {
      const scene = new Scene();
      try {
        const shop = await Shop.open(scene, { random: seededRandom(6) });
        shop.pms.play(name, Number.POSITIVE_INFINITY);
        const turns = name === 'a body that drips' ? MANY_TURNS / 2 : MANY_TURNS;
        await shop.publish(BEFORE);
        const over = () => shop.pms.tricked >= turns && trials(shop) > 0 && isFarFromTrial(shop);
        await shop.until(over, 'a PMS that failed long enough');
        await shop.settleDown();
        expect(shop.problems()).toEqual([]);
      } finally {
        await scene.close();
      }
    },
  );
});
