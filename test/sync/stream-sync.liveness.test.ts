/** What holds whatever a PMS answers, over hours of hand-moved time and with the options of real life. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PMS_PATHS } from '../../src/record/wire.ts';
import { MemoryBuffer } from '../harness/memory-buffer.ts';
import { type Answer, acceptedResult, answerWith, batchIn, type Script, type Seen } from '../harness/scripted-pms.ts';
import { makePaperWorld, type PaperWorld } from './paper-world.ts';
import { seeded } from './seeded.ts';

const HOUR_MS = 3_600_000;
const RUNS = 40;

/** Ways to fail that say nothing about a record; each is one a PMS that is down, or a box before it, may choose. */
const FAILURES: readonly Answer[] = [
  { status: 500 },
  { status: 502, body: '<html>Bad gateway</html>' },
  { status: 503 },
  { status: 503, headers: { 'retry-after': '30' } },
  { status: 429, headers: { 'retry-after': '0' } },
  { status: 200, body: '<html>Welcome</html>' },
  { status: 200, body: { ok: true } },
  { status: 204 },
  { status: 307 },
  'cut',
  'hang',
];

const isBatch = (seen: Seen) => seen.path === PMS_PATHS.sync;
const failure = fc.constantFrom(...FAILURES);
/** Seeds, not numbers: a jitter that is 0 for hours would be no chance but a fault of the generator. */
const chances = fc.integer().map(seeded);

function fill(world: PaperWorld, count: number): void {
  for (let number = 0; number < count; number += 1) world.buffer.add(number % 3 === 0 ? 'II' : 'V');
}

/** Every record is at the PMS as we hold it, or ended visibly; the PMS has nothing that it should not have. */
function expectAllAccounted(world: PaperWorld, count: number): void {
  const { SYNCED = 0, SET_ASIDE = 0, REJECTED = 0, ...others } = world.buffer.counts();
  expect(others).toEqual({});
  expect(SYNCED + SET_ASIDE + REJECTED).toBe(count);
  for (const stream of ['standard', 'schedule_two'] as const) {
    for (const entry of world.buffer.readFrom(stream, 1, count, 1e9).entries) {
      if ('gap' in entry || entry.state !== 'SYNCED') continue;
      expect(world.ledger.held.get(entry.idempotencyKey)).toBe(entry.payloadHash.toString('hex'));
    }
  }
}

describe('a PMS that fails with everything it is sent, in any order of failures', () => {
  test('has no record set aside, though its heartbeat passes and its look-ups sometimes do; then everything arrives', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(failure, { minLength: 1, maxLength: 20 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 30 }),
        chances,
        async (failures, lookUps, count, chance) => {
          const world = makePaperWorld({}, chance);
          fill(world, count);
          let turn = 0;
          world.script = (seen) => {
            turn += 1;
            const passes = !isBatch(seen) && lookUps[turn % lookUps.length];
            return passes ? world.ledger.script(seen) : (failures[turn % failures.length] ?? 'cut');
          };
          world.sync.start();
          await world.pass(HOUR_MS);
          expect(world.buffer.counts()).toEqual({ PENDING: count });
          expect(world.ledger.gaps).toEqual([]);
          world.script = world.ledger.script;
          expect(await world.pass(HOUR_MS, () => world.buffer.counts().SYNCED === count)).toBe(true);
          await world.sync.stop();
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('is asked by no more than a request in two seconds or so in the long run', async () => {
    const world = makePaperWorld({}, () => 0.5);
    fill(world, 30);
    world.script = (seen) => (isBatch(seen) ? { status: 500 } : world.ledger.script(seen));
    world.sync.start();
    await world.pass(HOUR_MS);
    const before = world.requests;
    await world.pass(HOUR_MS);
    expect(world.requests - before).toBeLessThan(1800);
    await world.sync.stop();
  });
});

/** Anything at all: answers for nobody, for others, doubled, turned round, and every status. */
function moodOf(world: PaperWorld, mood: number, chance: () => number): Script {
  const good = world.ledger.script;
  const results = (seen: Seen) => (isBatch(seen) ? batchIn(seen).records.map((entry) => acceptedResult(entry)) : []);
  const thinned = (seen: Seen): Answer => {
    const answer = good(seen);
    if (typeof answer !== 'object' || !('status' in answer) || answer.status !== 200) return answer as Answer;
    const all = (answer.body as { results?: unknown[] }).results ?? [];
    return answerWith(all.filter(() => chance() < 0.6));
  };
  const moods: Script[] = [
    good,
    good,
    good,
    thinned,
    (seen) => {
      void good(seen);
      return 'cut';
    },
    (seen) => {
      const answer = good(seen) as { status: number; body: { results?: unknown[] } };
      return answer.status === 200 ? answerWith([...(answer.body.results ?? [])].reverse()) : answer;
    },
    (seen) => {
      const answer = good(seen) as { status: number; body: { results?: unknown[] } };
      const all = answer.body.results ?? [];
      return answer.status === 200 ? answerWith([...all, ...all]) : answer;
    },
    (seen) => answerWith(results(seen).map((one) => ({ ...one, payload_hash: '0'.repeat(64) }))),
    (seen) => {
      const other = 1 + Math.floor(chance() * 5);
      return answerWith(results(seen).map((one) => ({ ...one, stream_sequence: Number(one.stream_sequence) + other })));
    },
    () => ({ status: 409, body: { expected_sequence: 1 + Math.floor(chance() * 40) } }),
    () => ({ status: 400 + Math.floor(chance() * 30) }),
    () => FAILURES[Math.floor(chance() * FAILURES.length)] ?? 'cut',
  ];
  return moods[mood % moods.length] ?? good;
}

test('whatever a PMS did, once it is good nothing is PENDING for ever, and nothing is called SYNCED that it does not have', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(100), { minLength: 1, maxLength: 150 }),
      fc.integer({ min: 1, max: 25 }),
      fc.boolean(),
      chances,
      async (moods, count, heartbeat, chance) => {
        const world = makePaperWorld(
          { scheduleTwoBatchSize: 5, batchSize: 4, maxBodyBytes: 6000, overlapFromBytes: 1 },
          chance,
          () => heartbeat,
        );
        fill(world, count);
        let turn = 0;
        world.script = (seen) => {
          turn += 1;
          const mood = moods[turn - 1];
          return (mood === undefined ? world.ledger.script : moodOf(world, mood, chance))(seen);
        };
        world.sync.start();
        await world.pass(6 * HOUR_MS, () => turn >= moods.length);
        const ended = () => world.buffer.counts().PENDING === undefined;
        expect(await world.pass(6 * HOUR_MS, ended)).toBe(true);
        await world.sync.stop();
        expectAllAccounted(world, count);
      },
    ),
    { numRuns: RUNS * 3 },
  );
});

test('a gateway that restarts again and again condemns nothing and asks about once per stream and start', async () => {
  const buffer = new MemoryBuffer();
  for (const schedule of ['V', 'II', 'V', 'II'] as const) buffer.add(schedule);
  let requests = 0;
  for (let life = 0; life < 20; life += 1) {
    const world = makePaperWorld(
      {},
      () => 0.9,
      () => true,
      buffer,
    );
    world.script = () => ({ status: 422 });
    world.sync.start();
    await world.pass(400);
    await world.sync.stop();
    requests += world.requests;
  }
  expect(buffer.counts()).toEqual({ PENDING: 4 });
  expect(requests).toBeLessThanOrEqual(20 * 6);
});
