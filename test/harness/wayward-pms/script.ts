/**
 * A sequence of misfortunes drawn from a seed, and its performance in a shop. What happens is decided before anything
 * starts: the same seed gives the same acts, records and opinions. How far the gateway had come when an act began is its own
 * affair.
 */
import type { Random } from '../../../src/base/clock.ts';
import { below, pick, seededRandom } from '../crash/random.ts';
import type { Opinion } from './ledger.ts';
import type { Step } from './server.ts';
import type { Shop } from './shop.ts';
import { TRICK_NAMES, type TrickName, trickOf } from './tricks.ts';

type Act =
  | { readonly act: 'publish'; readonly records: number }
  /** Until `turns` requests have met the trick, or nothing waits any more. */
  | { readonly act: 'trick'; readonly name: TrickName; readonly turns: number; readonly records: number }
  /** Until the PMS has hung up so often. */
  | { readonly act: 'cut'; readonly hangUps: number; readonly records: number }
  | { readonly act: 'forget'; readonly entries: number }
  | { readonly act: 'restart'; readonly signal: 'SIGTERM' | 'SIGKILL' }
  /** SIGKILL while the PMS has a request: before its books are opened, or before its answer leaves. */
  | { readonly act: 'kill in a request'; readonly step: Step; readonly records: number };

export interface Script {
  readonly seed: number;
  readonly acts: readonly Act[];
  readonly opinionOf: (key: string) => Opinion;
  readonly poisonous: (key: string) => boolean;
}

const MOST_ACTS = 6;
const MOST_RECORDS = 9;
const MOST_TURNS = 5;
/** Of 256 keys; the others are accepted. */
const OPINIONS: readonly (readonly [Opinion, number])[] = [
  ['reject', 12],
  ['verify', 16],
  ['decline', 12],
  ['mismatch_once', 12],
  ['mismatch_always', 6],
];
const POISONOUS_OF_256 = 20;
/** How often each kind of act is drawn, of their sum. */
const KINDS = [
  ...Array<'trick'>(9).fill('trick'),
  ...(['publish', 'cut', 'forget', 'restart', 'kill in a request', 'kill in a request'] as const),
];

export function writeScript(seed: number): Script {
  const random = seededRandom(seed);
  const count = 2 + below(random, MOST_ACTS - 1);
  const acts = Array.from({ length: count }, () => drawAct(random));
  const salt = below(random, 256);
  // The last two digits of a key are as random as the key itself.
  const numberOf = (key: string) => (Number.parseInt(key.slice(-2), 16) + salt) % 256;
  return {
    seed,
    acts,
    opinionOf: (key) => opinionFor(numberOf(key)),
    poisonous: (key) => numberOf(key) >= 256 - POISONOUS_OF_256,
  };
}

function drawAct(random: Random): Act {
  const records = 1 + below(random, MOST_RECORDS);
  const act = pick(random, KINDS);
  switch (act) {
    case 'publish':
      return { act, records };
    case 'trick':
      return { act, name: pick(random, TRICK_NAMES), turns: 1 + below(random, MOST_TURNS), records };
    case 'cut':
      return { act, hangUps: 1 + below(random, MOST_TURNS), records };
    case 'forget':
      return { act, entries: pick(random, [1, 2, 5, 1000]) };
    case 'restart':
      return { act, signal: pick(random, ['SIGTERM', 'SIGKILL']) };
    case 'kill in a request':
      return { act, step: pick(random, ['arrived', 'decided']), records };
  }
}

function opinionFor(number: number): Opinion {
  let below256 = number;
  for (const [opinion, share] of OPINIONS) {
    if (below256 < share) return opinion;
    below256 -= share;
  }
  return 'accept';
}

/** Whether the script gives reason to set records aside. */
export function costs(script: Script): boolean {
  return script.acts.some((each) => each.act === 'trick' && trickOf(each.name).costs === true);
}

export const describeScript = ({ seed, acts }: Script): string =>
  [`SEQUENCE_SEED=${seed}:`, ...acts.map((act) => JSON.stringify(act))].join('\n  ');

export async function perform(shop: Shop, { acts }: Script): Promise<void> {
  for (const act of acts) await one(shop, act);
}

async function one(shop: Shop, act: Act): Promise<void> {
  const { pms, gateway } = shop;
  switch (act.act) {
    case 'publish':
      await shop.publish(act.records);
      return;
    case 'trick':
      pms.play(act.name, act.turns);
      await shop.publish(act.records);
      await shop.until(() => pms.turnsLeft === 0 || shop.quiet, `the end of "${act.name}"`);
      return;
    case 'cut':
      pms.cutLine();
      await shop.publish(act.records);
      await shop.until(() => pms.hungUp >= act.hangUps, `hanging up ${act.hangUps} times`);
      pms.mendLine();
      return;
    case 'forget':
      pms.ledger.forget(act.entries);
      return;
    case 'restart':
      await shop.restart(act.signal);
      return;
    case 'kill in a request':
      pms.stepIn = async (step) => {
        if (step !== act.step) return 'go on';
        pms.stepIn = null;
        await gateway.kill();
        return 'gone';
      };
      await shop.publish(act.records);
      await shop.until(() => !gateway.running, 'the kill in a request');
      await shop.restart('SIGKILL');
  }
}
