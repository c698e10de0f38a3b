import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, systemTimers } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { Link, type LinkChange, type LinkParts } from '../../src/link/link.ts';
import { LINK_DEFAULTS } from '../../src/link/options.ts';
import type { LinkState } from '../../src/link/verdict.ts';
import { Scene } from '../harness/scene.ts';
import { type Script, ScriptedPms } from '../harness/scripted-pms.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const healthy: Script = () => ({ status: 200, body: { status: 'ok', time_utc: '2026-11-22T09:00:00Z' } });
const down: Script = () => ({ status: 503 });

/** A link with heartbeats of a millisecond; `next` waits for the following round of probes. */
async function linkTo(script: Script, parts: Partial<LinkParts> = {}) {
  const pms = await ScriptedPms.start(script);
  scene.onClose(() => pms.close());
  const changes: LinkChange[] = [];
  let waiting: (state: LinkState) => void = () => {};
  const next = () =>
    new Promise<LinkState>((resolve) => {
      waiting = resolve;
    });
  const link = new Link(
    { ...LINK_DEFAULTS, pmsUrl: pms.url, heartbeatMs: 1, tcpRetryBaseMs: 1 },
    {
      clock: systemClock,
      timers: systemTimers,
      random: () => 0.5,
      log: silentLog,
      resolve: async () => [],
      authorization: () => null,
      delivery: () => ({ lastReceiptAtMs: null, waitingSinceMs: null }),
      onChange: (change) => changes.push(change),
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
  return { pms, link, changes, until };
}

describe('the link', () => {
  test('comes up, goes down and comes back, each change told once', async () => {
    const { pms, link, changes, until } = await linkTo(healthy);
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
    expect(changes[2]?.reason).toBe('heartbeat: the PMS answered the heartbeat with HTTP 503');
    expect(changes[4]?.reason).toBeNull();
  });

  test('is degraded when the heartbeat passes and nothing gets delivered', async () => {
    const delivery = () => ({ lastReceiptAtMs: null, waitingSinceMs: systemClock.monotonicMs() - 600_000 });
    const { link, until } = await linkTo(healthy, { delivery });
    link.start();
    const state = await until((one) => one.layers.heartbeat.verdict === 'ok');
    expect(state.link).toBe('DEGRADED');
    expect(state.layers.delivery.verdict).toBe('fail');
  });

  test('is not called offline while receipts come', async () => {
    const delivery = () => ({ lastReceiptAtMs: systemClock.monotonicMs(), waitingSinceMs: null });
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
