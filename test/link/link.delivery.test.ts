/**
 * Connected but not delivering, with the real sync stage, real sockets and a real PMS that misbehaves; only time is moved
 * by hand. From the moment something waits, the link has 30 s to say so, and must stay silent while receipts come.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../src/base/log.ts';
import { Link } from '../../src/link/link.ts';
import { LINK_DEFAULTS } from '../../src/link/options.ts';
import { PMS_PATHS } from '../../src/record/wire.ts';
import { SYNC_DEFAULTS } from '../../src/sync/options.ts';
import { HandTime } from '../harness/hand-time.ts';
import { Scene } from '../harness/scene.ts';
import type { Answer, Script, Seen } from '../harness/scripted-pms.ts';
import { makeRig } from '../sync/rig.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

/** A store on hand time: link and sync as the gateway has them. `records` answers everything but the ping. */
async function store(records: (seen: Seen, good: Script) => Answer | Promise<Answer>) {
  const time = new HandTime();
  const rig = await makeRig(scene, {
    options: { ...SYNC_DEFAULTS },
    parts: { clock: time, timers: time, heartbeatOk: () => link.heartbeatOk() },
  });
  rig.pms.script = (seen) =>
    seen.path === PMS_PATHS.ping ? rig.ledger.script(seen) : records(seen, rig.ledger.script);
  const words: string[] = [];
  let rounds = 0;
  let roundAtMs = 0;
  const link: Link = new Link(
    { ...LINK_DEFAULTS, pmsUrl: rig.pms.url },
    {
      clock: time,
      timers: time,
      random: () => 0.5,
      log: silentLog,
      resolve: async () => [],
      authorization: () => null,
      delivery: () => rig.sync.status(),
      onChange: ({ to, fault }) => words.push(`${to} ${fault ?? ''}`.trim()),
      onLayers: () => {},
      onPulse: () => {},
      onHeartbeatBack: () => rig.sync.linkRestored(),
      onProbe: () => {
        rounds += 1;
        roundAtMs = time.monotonicMs();
      },
    },
  );
  scene.onClose(async () => {
    await link.stop();
    const stopped = rig.sync.stop();
    await time.pass(SYNC_DEFAULTS.stopGraceMs);
    await stopped;
  });
  link.start();
  rig.sync.start();
  await happens(() => rounds === 1);

  /** Lets seconds pass; a heartbeat that falls due is waited for, so that a busy machine makes none time out. */
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      const before = rounds;
      await time.pass(1_000);
      if (time.monotonicMs() - roundAtMs >= LINK_DEFAULTS.heartbeatMs) await happens(() => rounds > before);
    }
  };
  const sell = async () => {
    rig.buffer.addMany(3);
    rig.sync.wake();
    await sent(time, () => rig.pms.batches.length > 0);
  };
  return { ...rig, time, link, words, pass, sell };
}

/** Hand time passes in small steps (a batch that is not full lingers) until the request is there. */
async function sent(time: HandTime, holds: () => boolean): Promise<void> {
  while (!holds()) await time.pass(10);
}

/** Real sockets need real turns of the event loop, and hand time does not pass meanwhile. */
async function happens(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

describe('is seen within 30 s while every heartbeat passes', () => {
  test.each([
    ['a portal answers records', { status: 200, body: '<html>Welcome' }, 'answers_prove_nothing'],
    ['the token is good for pings only', { status: 401 }, 'token_refused'],
    ['nobody takes records', { status: 404 }, 'no_service'],
    ['records are redirected', { status: 307, headers: { location: '/elsewhere' } }, 'redirected'],
    ['the PMS has a fault', { status: 500 }, 'pms_error'],
    ['the PMS asks to wait', { status: 503, headers: { 'retry-after': '600' } }, 'pms_busy'],
    ['answers name nothing', { status: 200, body: { results: [] } }, 'answers_prove_nothing'],
    ['the PMS says another place, again and again', { status: 409, body: {} }, 'places_differ'],
    ['connections are cut', 'cut', 'delivery_failed'],
  ] as [string, Answer, string][])('%s', async (_name, answer, code) => {
    const { link, sync, pass, sell } = await store(() => answer);
    await sell();
    await happens(() => sync.status().some(({ lastFault }) => lastFault !== null));
    await pass(30);
    expect(link.state()).toMatchObject({
      link: 'DEGRADED',
      layers: { heartbeat: { verdict: 'ok' }, delivery: { verdict: 'fail', code } },
    });
  });

  test('a request hangs on a half-open connection, before its own time-out', async () => {
    const { link, pms, words, pass, sell } = await store(() => 'hang');
    await sell();
    await pass(24);
    expect(words).toEqual(['ONLINE']);
    await pass(2);
    expect(words).toEqual(['ONLINE', 'DEGRADED delivery no_receipt']);
    expect(pms.batches).toHaveLength(1);
    // After its time-out the reason is known better.
    await pass(10);
    expect(link.state().layers.delivery.code).toBe('records_unanswered');
  });

  test('and is over with the first receipt', async () => {
    let good = false;
    const { link, buffer, words, pass, sell } = await store((seen, script) => (good ? script(seen) : { status: 500 }));
    await sell();
    await pass(30);
    good = true;
    while (buffer.counts().SYNCED !== 3) await pass(1);
    await pass(1);
    expect(link.state().layers.delivery.verdict).toBe('ok');
    expect(words.at(-1)).toBe('ONLINE');
  });
});

describe('no false alarm', () => {
  test('on a line so slow that each batch takes 20 s, from a fresh start with a backlog on', async () => {
    const waiting: (() => void)[] = [];
    const slow = async (seen: Seen, good: Script): Promise<Answer> => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return await good(seen);
    };
    const { buffer, pms, words, pass, sync, time } = await store(slow);
    for (let batch = 1; batch <= 6; batch += 1) {
      buffer.addMany(3);
      sync.wake();
      await sent(time, () => waiting.length > 0);
      await pass(20);
      waiting.shift()?.();
      await happens(() => buffer.counts().SYNCED === batch * 3);
    }
    expect(pms.batches).toHaveLength(6);
    expect(words).toEqual(['ONLINE']);
  });

  test('when the line comes back after an hour: the backlog goes at once, and nobody is blamed meanwhile', async () => {
    let up = true;
    const { buffer, link, pms, ledger, words, pass, time } = await store((seen, good) => (up ? good(seen) : 'cut'));
    const answers = pms.script;
    pms.script = (seen) => (up ? answers(seen) : 'cut');
    up = false;
    buffer.addMany(3);
    await pass(3_600);
    expect(words.at(-1)).toMatch(/^OFFLINE heartbeat/);
    expect(link.state().layers.delivery.code).toBe('below_failed');
    up = true;
    words.length = 0;
    await pass(16);
    await sent(time, () => ledger.held.size === 3);
    await pass(15);
    expect(words).toEqual(['DEGRADED', 'ONLINE']);
  });

  test('while nothing is sold all night', async () => {
    const { words, pass } = await store(() => 'hang');
    await pass(600);
    expect(words).toEqual(['ONLINE']);
  });
});
