/**
 * Every answer a PMS can give, alone, against the whole gateway: a backlog of both streams meets the trick, then the PMS
 * is good again. What the lanes were told is at the PMS once and in order, nothing waits any more, the trail tells of the
 * trick, and no host but the PMS has heard of anything.
 */
import { describe, expect, test } from 'vitest';
import { readTrail, type TrailEntry } from '../harness/checker/attempts.ts';
import { seededRandom } from '../harness/crash/random.ts';
import { Scene } from '../harness/scene.ts';
import type { Opinion } from '../harness/wayward-pms/ledger.ts';
import { Shop, type ShopOptions } from '../harness/wayward-pms/shop.ts';
import { TRICK_NAMES, type TrickName, trickOf } from '../harness/wayward-pms/tricks.ts';

const BACKLOG = 14;
const TURNS = 4;
const TURNS_OF_SEVERAL = 16;
/** 400 or 422 for everything costs three records of each stream at most, then the stream stops. */
const MAY_COST = 6;

async function inShop(options: Omit<ShopOptions, 'random'>, act: (shop: Shop) => Promise<void>): Promise<void> {
  const scene = new Scene();
  try {
    await act(await Shop.open(scene, { random: seededRandom(7), ...options }));
  } finally {
    await scene.close();
  }
}

/** After a good beginning, records pile up behind a line that is cut; when it is mended the trick is already waiting. */
async function meet(shop: Shop, name: TrickName, turns: number): Promise<void> {
  await shop.publish(2);
  await shop.until(() => shop.quiet, 'a good beginning');
  shop.pms.cutLine();
  await shop.publish(BACKLOG);
  shop.pms.play(name, turns);
  shop.pms.mendLine();
  await shop.until(() => shop.pms.turnsLeft === 0 || shop.quiet, `the end of "${name}"`);
}

function entriesOf(shop: Shop, kind: string): TrailEntry[] {
  const { audit, schedule_two } = readTrail(shop.gateway.dataDir);
  return [...audit, ...schedule_two].filter(({ k }) => k === kind);
}

describe.concurrent('a PMS, a proxy or a line that answers', () => {
  test.each(TRICK_NAMES)('%s', async (name) => {
    const { told, costs, several } = trickOf(name);
    await inShop({ poisonous: isOneInFour }, async (shop) => {
      await meet(shop, name, several ? TURNS_OF_SEVERAL : TURNS);
      expect(shop.pms.tricked).toBeGreaterThan(0);
      await shop.settleDown();
      expect(shop.problems({ mayGiveUp: costs ? MAY_COST : 0 })).toEqual([]);
      if (told !== undefined) {
        expect(entriesOf(shop, 'sync_answer').map(({ r }) => r)).toContainEqual(expect.objectContaining(told));
      }
    });
  });
});

/** About one key in four, and always the same. */
const isOneInFour = (key: string) => Number.parseInt(key.slice(-2), 16) % 4 === 0;

describe.concurrent('a PMS with an opinion of a record', () => {
  const oneInFour = (opinion: Opinion) => (key: string) => (isOneInFour(key) ? opinion : 'accept');

  async function settled(opinionOf: (key: string) => Opinion): Promise<Map<string, number>> {
    const states = new Map<string, number>();
    await inShop({ opinionOf }, async (shop) => {
      await shop.publish(BACKLOG);
      await shop.settleDown();
      expect(shop.problems({ mayGiveUp: MAY_COST })).toEqual([]);
      for (const { r } of entriesOf(shop, 'settle')) {
        for (const [, , state] of r.records as [number, number, string][])
          states.set(state, (states.get(state) ?? 0) + 1);
      }
    });
    return states;
  }

  test('rejected: ends REJECTED, the rest is SYNCED', async () => {
    const states = await settled(oneInFour('reject'));
    expect(states.get('REJECTED')).toBeGreaterThan(0);
    expect(states.get('SYNCED')).toBeGreaterThan(0);
    expect(states.size).toBe(2);
  });

  test('pending_verification, then verified: waits apart, ends SYNCED', async () => {
    const states = await settled(oneInFour('verify'));
    expect(states.get('AWAITING_VERIFICATION')).toBeGreaterThan(0);
    expect(states.get('SYNCED')).toBe(BACKLOG + 2);
    expect(states.size).toBe(2);
  });

  test('pending_verification, then declined: ends REJECTED', async () => {
    const states = await settled(oneInFour('decline'));
    expect(states.get('REJECTED')).toBe(states.get('AWAITING_VERIFICATION'));
    expect(states.get('REJECTED')).toBeGreaterThan(0);
  });

  test('hash_mismatch once: read again and SYNCED', async () => {
    expect(await settled(oneInFour('mismatch_once'))).toEqual(new Map([['SYNCED', BACKLOG + 2]]));
  });

  test('hash_mismatch for good: SET_ASIDE, a gap marker in its place', async () => {
    const states = await settled((key) => (isOneInFour(key) ? 'mismatch_always' : 'accept'));
    expect(states.get('SET_ASIDE')).toBeGreaterThan(0);
    expect(states.get('SYNCED')).toBeGreaterThan(0);
  });

  test('verification that takes long holds nobody up', async () => {
    await inShop({ opinionOf: oneInFour('verify') }, async (shop) => {
      shop.pms.ledger.decides = false;
      await shop.publish(BACKLOG);
      const verifying = () =>
        [...shop.pms.ledger.streams.values()].flat().filter(({ standing }) => standing === 'verifying');
      await shop.until(() => shop.waiting === verifying().length && shop.waiting > 0, 'that only verification is left');
      await shop.publish(BACKLOG);
      await shop.until(() => shop.waiting === verifying().length, 'that the later ones pass');
      await shop.settleDown();
      expect(shop.problems()).toEqual([]);
    });
  });
});

describe.concurrent('a PMS that has forgotten', () => {
  test.each([
    ['its newest entries', 3],
    ['everything', 1000],
  ])('%s: is given them again, once', async (_what, entries) => {
    await inShop({}, async (shop) => {
      await shop.publish(BACKLOG);
      await shop.until(() => shop.quiet, 'that everything is delivered');
      shop.pms.ledger.forget(entries);
      await shop.publish(3);
      await shop.settleDown();
      expect(shop.problems()).toEqual([]);
      expect(entriesOf(shop, 'sync_answer').map(({ r }) => r)).toContainEqual(expect.objectContaining({ status: 409 }));
    });
  });
});
