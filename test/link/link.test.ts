import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, systemTimers } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { StreamDelivery } from '../../src/link/delivery.ts';
import type { LayerChange } from '../../src/link/journal.ts';
import { Link, type LinkChange, type LinkParts } from '../../src/link/link.ts';
import { LINK_DEFAULTS, type LinkOptions } from '../../src/link/options.ts';
import type { LinkState } from '../../src/link/verdict.ts';
import { HandTime } from '../harness/hand-time.ts';
import { Scene } from '../harness/scene.ts';
import { type Script, ScriptedPms } from '../harness/scripted-pms.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const healthy: Script = () => ({ status: 200, body: { status: 'ok', time_utc: '2026-11-22T09:00:00Z' } });
const down: Script = () => ({ status: 503 });

const STREAM: StreamDelivery = {
  stream: 'standard',
  waitingSinceMs: null,
  lastAttemptAtMs: null,
  lastReceiptAtMs: null,
  lastFault: null,
  stopped: false,
};

/** A link with heartbeats of a millisecond; `next` waits for the following round of probes. */
async function linkTo(script: Script, parts: Partial<LinkParts> = {}, options: Partial<LinkOptions> = {}) {
  const pms = await ScriptedPms.start(script);
  scene.onClose(() => pms.close());
  const changes: LinkChange[] = [];
  const told: LayerChange[] = [];
  let waiting: (state: LinkState) => void = () => {};
  const next = () =>
    new Promise<LinkState>((resolve) => {
      waiting = resolve;
    });
  const link = new Link(
    { ...LINK_DEFAULTS, pmsUrl: pms.url, heartbeatMs: 1, tcpRetryBaseMs: 1, ...options },
    {
      clock: systemClock,
      timers: systemTimers,
      random: () => 0.5,
      log: silentLog,
      resolve: async () => [],
      authorization: () => null,
      delivery: () => [],
      onChange: (change) => changes.push(change),
      onLayers: (layers) => told.push(...layers),
      onPulse: () => {},
      onHeartbeatBack: () => {},
      onProbe: (state) => waiting(state),
      ...parts,
    },
  );
  scene.onClose(() => link.stop());
  /** The first state of which `holds` is true. */
  const until = async (holds: (state: LinkState) => boolean): Promise<LinkState> => {
    let state = await next();
    while (!holds(state)) state = await next();
    return state;
  };
  return { pms, link, changes, told, until };
}

describe('the link', () => {
  test('comes up, goes down and comes back, each change told once', async () => {
    const { pms, link, changes, told, until } = await linkTo(healthy);
    expect(link.heartbeatOk()).toBe(false);
    link.start();
    await until((state) => state.link === 'ONLINE');
    expect(link.heartbeatOk()).toBe(true);
    pms.script = down;
    await until((state) => state.link === 'OFFLINE');
    expect(link.heartbeatOk()).toBe(false);
    pms.script = healthy;
    await until((state) => state.link === 'ONLINE');
    expect(changes.map(({ from, to }) => `${from} ${to}`)).toEqual([
      'DEGRADED ONLINE',
      'ONLINE DEGRADED',
      'DEGRADED OFFLINE',
      'OFFLINE DEGRADED',
      'DEGRADED ONLINE',
    ]);
    expect(changes[2]).toMatchObject({
      reason: 'heartbeat: the PMS is there and asks to wait (HTTP 503)',
      fault: 'heartbeat pms_busy',
    });
    expect(changes[4]).toMatchObject({ reason: null, fault: null });
    const heartbeats = told.filter(({ layer }) => layer === 'heartbeat').map(({ verdict }) => verdict);
    expect(heartbeats).toEqual(['ok', 'fail', 'ok']);
  });

  test('is degraded when the heartbeat passes and nothing gets delivered', async () => {
    const delivery = () => [{ ...STREAM, waitingSinceMs: systemClock.monotonicMs() - 600_000 }];
    const { link, until } = await linkTo(healthy, { delivery }, { deliveryLimitMs: 1 });
    link.start();
    const state = await until((one) => one.layers.delivery.verdict === 'fail');
    expect(state.link).toBe('DEGRADED');
    expect(state.layers.delivery.verdict).toBe('fail');
  });

  test('is not called offline while receipts come', async () => {
    const delivery = () => [{ ...STREAM, lastReceiptAtMs: systemClock.monotonicMs() }];
    const { link, changes, until } = await linkTo(down, { delivery });
    link.start();
    for (let rounds = 0; rounds < 5; rounds += 1) await until(() => true);
    expect(changes).toEqual([]);
    expect(link.state().link).toBe('DEGRADED');
  });

  test('goes on after a listener that throws', async () => {
    let thrown = false;
    const onChange = () => {
      thrown = true;
      throw new Error('a listener');
    };
    const { link, until } = await linkTo(healthy, { onChange });
    link.start();
    await until((state) => thrown && state.passed >= 2);
  });

  test('stops in the middle of a heartbeat, and starts again', async () => {
    const { pms, link, until } = await linkTo(() => 'hang');
    link.start();
    await pms.until((seen) => seen.length === 1);
    await link.stop();
    pms.script = healthy;
    link.start();
    await until((state) => state.link === 'ONLINE');
  });
});

describe('delivery between the heartbeats, on time moved by hand', () => {
  /** Heartbeats every 15 s against a real PMS; `deliver` is what sync would say. */
  async function onHandTime(delivery: () => StreamDelivery[]) {
    const time = new HandTime();
    const setting = { clock: time, timers: time, delivery };
    const { link, changes, until } = await linkTo(healthy, setting, { heartbeatMs: 15_000 });
    link.start();
    await until((state) => state.link === 'ONLINE');
    return { time, link, changes };
  }

  test('records that wait while the heartbeat passes are seen within 30 s', async () => {
    const delivery: StreamDelivery[] = [STREAM];
    const { time, link, changes } = await onHandTime(() => delivery);
    const since = time.monotonicMs();
    delivery[0] = { ...STREAM, waitingSinceMs: since, lastAttemptAtMs: since };
    await time.pass(24_000);
    expect(link.state().link).toBe('ONLINE');
    await time.pass(6_000);
    expect(link.state()).toMatchObject({
      link: 'DEGRADED',
      layers: { heartbeat: { verdict: 'ok' }, delivery: { verdict: 'fail', code: 'no_receipt' } },
    });
    delivery[0] = { ...STREAM, lastReceiptAtMs: time.monotonicMs() };
    await time.pass(1_000);
    expect(link.state().layers.delivery.verdict).toBe('ok');
    expect(changes.map(({ to, fault }) => `${to} ${fault}`).slice(1)).toEqual([
      'DEGRADED delivery no_receipt',
      expect.stringMatching(/^ONLINE/),
    ]);
  });

  test('a slow line that moves is left alone for an hour', async () => {
    const delivery: StreamDelivery[] = [STREAM];
    const { time, changes } = await onHandTime(() => delivery);
    for (let receipt = 0; receipt < 180; receipt += 1) {
      const nowMs = time.monotonicMs();
      delivery[0] = { ...STREAM, waitingSinceMs: nowMs, lastAttemptAtMs: nowMs, lastReceiptAtMs: nowMs };
      await time.pass(20_000);
    }
    expect(changes.filter(({ fault }) => fault?.startsWith('delivery') === true)).toEqual([]);
  });
});
