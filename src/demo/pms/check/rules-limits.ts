/** How much a PMS takes at once. Larger than a few records is tried with gap markers, which leave no records behind. */
import { CONTRACT_LIMITS } from '../openapi/prose.ts';
import { Shortfall, wantResults } from './expect.ts';
import type { PeerAnswer } from './peer.ts';
import { AT, type CheckContext, type Rule } from './rule.ts';

const KIB = 1024;
/** Larger ones are not tried: they would not drain a backlog faster, and each leaves its markers in the books. */
const MOST_ENTRIES = 3_200;
const MOST_KIB = 8 * KIB;

export const LIMIT_RULES: readonly Rule[] = [
  {
    name: 'batch_size',
    demands: `takes ${CONTRACT_LIMITS.minEntries} entries at once, and says 413 to too many`,
    contract: `A batch of ${CONTRACT_LIMITS.minEntries} entries is taken; more than a PMS takes is answered 413, nothing stored.`,
    pointer: AT.answer('sync', 413),
    needsAccepted: true,
    async run(context) {
      const least = CONTRACT_LIMITS.minEntries;
      const sample = context.stream();
      const entries = Array.from({ length: least }, (_, index) => sample.gap(index + 1));
      const answer = await context.peer.sync(sample.batch(entries));
      if (answer.status === 413) throw new Shortfall(`413 to a batch of ${least} entries`);
      wantResults(answer, entries, ...entries.map(() => 'noted' as const));
      return await largest(least, MOST_ENTRIES, 'entries', async (count) => await markers(context, count));
    },
  },
  {
    name: 'body_size',
    demands: `takes ${CONTRACT_LIMITS.minBodyBytes / KIB} KiB at once, and says 413 to too much`,
    contract: `A body of ${CONTRACT_LIMITS.minBodyBytes / KIB} KiB is taken; a larger one than a PMS takes is answered 413.`,
    pointer: AT.answer('sync', 413),
    needsAccepted: true,
    async run(context) {
      const leastKib = CONTRACT_LIMITS.minBodyBytes / KIB;
      const { status } = await padded(context, leastKib);
      if (status !== 200) throw new Shortfall(`${status} to a body of ${leastKib} KiB`);
      return await largest(leastKib, MOST_KIB, 'KiB', async (kib) => await padded(context, kib));
    },
  },
];

async function markers({ peer, stream }: CheckContext, count: number): Promise<PeerAnswer> {
  const sample = stream();
  return await peer.sync(sample.batch(Array.from({ length: count }, (_, index) => sample.gap(index + 1))));
}

/** A batch of one marker whose size comes from a member nobody knows. */
async function padded({ peer, stream }: CheckContext, kib: number): Promise<PeerAnswer> {
  const sample = stream();
  const batch = sample.batch([sample.gap(1)]);
  const x_padding = ' '.repeat(Math.max(0, kib * KIB - JSON.stringify({ ...batch, x_padding: '' }).length));
  return await peer.sync({ ...batch, x_padding }, { note: `${kib} KiB` });
}

/** Doubles until the answer is 413; any other refusal would make a gateway search for a record that is not at fault. */
async function largest(
  known: number,
  most: number,
  unit: string,
  send: (size: number) => Promise<PeerAnswer>,
): Promise<string> {
  let taken = known;
  while (taken < most) {
    const next = Math.min(taken * 2, most);
    const { status } = await send(next);
    if (status === 413) return `takes ${taken} ${unit}; ${next} are answered 413`;
    if (status !== 200) throw new Shortfall(`${status} to ${next} ${unit} where 200 or 413 is right`);
    taken = next;
  }
  return `takes ${taken} ${unit}`;
}
