/** The word about the trail, between batches of one record and the reference PMS. */
import { expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../src/base/log.ts';
import { SampleStream } from '../../src/demo/pms/check/sample.ts';
import type { ReferencePmsOptions } from '../../src/demo/pms/reference-pms.ts';
import { Witness, type WitnessParts } from '../../src/sync/witness.ts';
import { openPms, statusesOf } from '../demo/pms/office.ts';
import { HandTime } from '../harness/hand-time.ts';
import { SampleTrail } from './sample-trail.ts';

const GATEWAY = 'gw-test';

/** A gateway's stream to a PMS: each `sell` is a batch with its answer, looked at to the end. */
async function makeScene(options: Partial<ReferencePmsOptions> = {}, pinned: string | null = null) {
  const opened = await openPms(options);
  const stream = new SampleStream(GATEWAY, 0);
  const trail = new SampleTrail(GATEWAY, stream.epoch);
  const time = new HandTime();
  const keys = { text: pinned, pins: 0 };
  const alarms: string[] = [];
  const parts: WitnessParts = {
    trail,
    witnessKeys: {
      pinned: () => keys.text,
      pin: async (key) => {
        keys.text = key;
        keys.pins += 1;
      },
    },
    clock: time,
    timers: time,
    log: silentLog,
    onAlarm: (_log, alarm, active) => alarms.push(`${alarm} ${active ? 'begins' : 'ends'}`),
  };
  let witness = new Witness('audit', parts);
  onTestFinished(() => witness.settled());
  const book = { number: 0 };
  const send = async () => {
    book.number += 1;
    const shown = await witness.show();
    const batch = { ...stream.batch([stream.record(book.number, 'NONE')]), ...shown };
    return { shown, reply: await opened.client.sync(batch) };
  };
  const hear = async (...word: Parameters<Witness['hear']>) => {
    witness.hear(...word);
    await witness.settled();
  };
  const sell = async () => {
    const { shown, reply } = await send();
    expect(statusesOf(reply)).toEqual(['accepted']);
    await hear(shown, reply.json, true);
    return shown;
  };
  const restart = () => {
    witness = new Witness('audit', parts);
  };
  return { ...opened, trail, time, keys, alarms, book, send, hear, sell, restart, facts: () => witness.facts() };
}

const sizes = (trail: SampleTrail) => trail.cosigned.map(({ size }) => size);

test('a checkpoint is cosigned, and the next proof starts there; nothing new is not shown twice', async () => {
  const { trail, sell, keys, alarms, facts } = await makeScene();
  expect(await sell()).toEqual({ checkpoint: null, witness: null });
  trail.grow(5);
  expect((await sell()).witness).toMatchObject({ old_size: 0, proof: [] });
  expect((await sell()).witness).toBeNull();
  trail.grow(7);
  expect((await sell()).witness).toMatchObject({ old_size: 5 });
  expect(sizes(trail)).toEqual([5, 12]);
  expect(keys.pins).toBe(1);
  expect(facts()).toMatchObject({
    alarm: null,
    unwitnessedSinceMs: null,
    cosigned: { note: trail.checkpoint('audit') },
  });
  expect(alarms).toEqual([]);
});

test('after a restart it goes on from what the trail remembers', async () => {
  const { trail, sell, restart } = await makeScene();
  trail.grow(5);
  await sell();
  restart();
  trail.grow(3);
  expect((await sell()).witness).toMatchObject({ old_size: 5 });
  expect(sizes(trail)).toEqual([5, 8]);
});

test('a cosignature that never arrived costs one batch', async () => {
  const { trail, sell, send, alarms } = await makeScene();
  trail.grow(5);
  await send();
  trail.grow(4);
  await sell();
  expect(sizes(trail)).toEqual([]);
  await sell();
  expect(sizes(trail)).toEqual([9]);
  expect([trail.judged, alarms]).toEqual([['consistent'], []]);
});

test('a PMS with empty books begins anew, and says no wrong of anybody', async () => {
  const { trail, sell, pms, alarms, book } = await makeScene();
  trail.grow(5);
  await sell();
  pms.faults.set('emptied');
  book.number = 0;
  trail.grow(4);
  await sell();
  expect((await sell()).witness).toMatchObject({ old_size: 0 });
  expect(sizes(trail)).toEqual([5, 9]);
  expect(alarms).toEqual([]);
});

test('an old disk is found by the note the PMS kept; records go on; what grows over it is another history', async () => {
  const { trail, sell, restart, alarms, facts, time } = await makeScene();
  trail.grow(5);
  await sell();
  trail.grow(5);
  await sell();
  trail.rollBack(5);
  restart();
  trail.grow(1, ' anew');
  await sell();
  expect(trail.judged).toEqual(['ahead']);
  expect(alarms).toEqual(['witness_inconsistent begins']);
  // Nothing can be shown to it before there is as much as it has seen.
  expect((await sell()).witness).toBeNull();
  trail.grow(6, ' anew');
  expect((await sell()).witness).toMatchObject({ old_size: 10 });
  expect(trail.judged).toEqual(['ahead', 'fork']);
  expect(sizes(trail)).toEqual([5]);
  expect(facts()).toMatchObject({ alarm: 'witness_inconsistent', unwitnessedSinceMs: time.monotonicMs() });
  expect(alarms).toHaveLength(1);
});

test('a cosignature that is not true counts for nothing, until one is', async () => {
  const { trail, sell, pms, keys, alarms } = await makeScene({ faults: ['wrong_cosignature#1'] });
  trail.grow(5);
  await sell();
  expect([sizes(trail), keys.pins, alarms]).toEqual([[], 0, ['witness_untrue begins']]);
  expect(pms.faults.list()).toHaveLength(1);
  // The PMS has cosigned all the same; it says so, and a newer checkpoint ends the alarm.
  await sell();
  trail.grow(1);
  await sell();
  expect(sizes(trail)).toEqual([6]);
  expect(alarms).toEqual(['witness_untrue begins', 'witness_untrue ends']);
});

test('only the configured key counts, whatever key comes along', async () => {
  const stranger = await openPms();
  const { witness_key: other } = await firstCosigned(stranger.client);
  const { trail, sell, alarms, keys } = await makeScene({}, other);
  trail.grow(5);
  await sell();
  expect([sizes(trail), keys.pins, alarms]).toEqual([[], 0, ['witness_untrue begins']]);
});

test.each([
  ['witness_stale', 'witness_refuses'],
  ['witness_stale=1000', 'witness_inconsistent'],
  ['witness_inconsistent', 'witness_inconsistent'],
  ['witness_unknown_key', 'witness_unknown_key'],
])('%s: %s, and records go on', async (fault, alarm) => {
  const { trail, sell, alarms } = await makeScene({ faults: [fault] });
  trail.grow(5);
  await sell();
  await sell();
  expect([sizes(trail), alarms]).toEqual([[], [`${alarm} begins`]]);
});

test.each(['no_cosignature', 'witness_nonsense'])('%s: no alarm; health is told since when', async (fault) => {
  const { trail, sell, alarms, facts, time } = await makeScene({ faults: [fault] });
  trail.grow(5);
  await sell();
  expect([sizes(trail), alarms]).toEqual([[], []]);
  expect(facts()).toEqual({ alarm: null, cosigned: null, unwitnessedSinceMs: time.monotonicMs() });
});

test('a proof that is late is left out and ready for the next batch', async () => {
  const { trail, sell, time } = await makeScene();
  trail.grow(5);
  const { promise, resolve } = Promise.withResolvers<void>();
  trail.proofs = promise;
  const selling = sell();
  await time.pass(1000);
  expect((await selling).witness).toBeNull();
  resolve();
  expect((await sell()).witness).toMatchObject({ old_size: 0 });
});

test('a trail that cannot take the cosignature is told of, and the stream is not', async () => {
  const { trail, sell } = await makeScene();
  trail.grow(5);
  const take = trail.takeCosignature.bind(trail);
  trail.takeCosignature = () => Promise.reject(new Error('the disk is full'));
  await sell();
  trail.takeCosignature = take;
  trail.grow(1);
  await sell();
  await sell();
  expect(sizes(trail)).toEqual([6]);
});

async function firstCosigned(client: Awaited<ReturnType<typeof openPms>>['client']) {
  const stream = new SampleStream(GATEWAY, 0);
  const trail = new SampleTrail(GATEWAY, stream.epoch);
  trail.grow(1);
  const offer = await trail.forWitness('audit', 0);
  if (offer === null) throw new Error('there is something to witness');
  const witness = { key: offer.verifierKey, old_size: 0, proof: [] };
  const reply = await client.sync({ ...stream.batch([stream.record(1, 'NONE')]), checkpoint: offer.note, witness });
  return { witness_key: String(reply.json.witness_key) };
}

test('what a 409 says about the checkpoint is heard, and its silence means nothing', async () => {
  const { trail, sell, send, restart, alarms, book, facts, hear } = await makeScene();
  trail.grow(5);
  await sell();
  trail.grow(5);
  await sell();
  trail.grow(1);
  book.number -= 1;
  const silent = await send();
  expect([silent.reply.status, silent.reply.json]).toEqual([409, { expected_sequence: 3, reason: 'number_reused' }]);
  await hear(silent.shown, silent.reply.json, false);
  expect([alarms, facts().unwitnessedSinceMs]).toEqual([[], null]);
  trail.rollBack(5);
  restart();
  trail.grow(2, ' anew');
  book.number = 1;
  const { shown, reply } = await send();
  expect(reply.status).toBe(409);
  await hear(shown, reply.json, false);
  expect([trail.judged, alarms]).toEqual([['ahead'], ['witness_inconsistent begins']]);
});
