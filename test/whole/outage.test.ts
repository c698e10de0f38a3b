/** An outage as a lane sees it: the retained status on the broker, with Mosquitto's client; and what the trail says of it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseStatus, type SeenStatus } from '../../src/record/lane-wire.ts';
import { Gateway, STORE } from '../harness/gateway.ts';
import { publish, subscribe } from '../harness/mosquitto.ts';
import type { Program } from '../harness/program.ts';
import { missing } from '../harness/programs.ts';
import { aRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';
import { ScriptedPms, StrictLedger } from '../harness/scripted-pms.ts';
import { entriesOf } from '../harness/trail-entries.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const statusIn = (line: string): SeenStatus | null => {
  const text = /^MESSAGE \d \S+ (.*)$/.exec(line)?.[1];
  return text === undefined ? null : parseStatus(Buffer.from(text));
};

describe.skipIf(missing('mosquitto_pub', 'mosquitto_sub'))('with Mosquitto', () => {
  test('a lane is led through an outage by the retained status, and so is one that comes in the middle of it', async () => {
    const ledger = new StrictLedger();
    const pms = await ScriptedPms.start(ledger.script);
    scene.onClose(() => pms.close());
    const config = { pms: { offline_after: 2 }, fallback: { dwell_seconds: 1 } };
    const gateway = await Gateway.start(scene, { pmsUrl: pms.url, config });
    const topic = `pos/${STORE}/status`;
    const early = await subscribe(scene, gateway, 'early', topic);
    await mode(early, 'NORMAL', 'ONLINE');

    pms.script = () => 'cut';
    await mode(early, 'FALLBACK', 'OFFLINE');
    expect(await publish(gateway, 'till', wire(aRecord()))).toMatchObject({ acknowledged: true });
    const late = await subscribe(scene, gateway, 'late', topic);
    const first = await late.line((line) => statusIn(line) !== null, 'the retained status');
    expect(first).toMatch(/^MESSAGE 1 /);
    expect(statusIn(first)).toMatchObject({ mode: 'FALLBACK', link: 'OFFLINE' });

    pms.script = ledger.script;
    await mode(early, 'RECONCILING');
    await mode(late, 'NORMAL', 'ONLINE');
    expect(ledger.held.size).toBe(1);

    const metrics = await (await fetch(`${gateway.http}/metrics`)).text();
    for (const to of ['FALLBACK', 'RECONCILING', 'NORMAL']) {
      expect(metrics).toContain(`counterfoil_mode_changes_total{to="${to}"} 1`);
    }
    // What the trail says is on disk a moment after lanes were told; at the end it is all there.
    await gateway.stop();
    const changes = entriesOf(gateway.bufferFile, 'mode').map(({ from, to }) => `${String(from)} ${String(to)}`);
    expect(changes).toEqual(['NORMAL FALLBACK', 'FALLBACK RECONCILING', 'RECONCILING NORMAL']);
    const layers = entriesOf(gateway.bufferFile, 'link_layer').flatMap((entry) => entry.layers as { layer: string }[]);
    expect(layers.filter(({ layer }) => layer === 'heartbeat')).toMatchObject([
      { verdict: 'ok', code: null },
      { verdict: 'fail', code: 'heartbeat_broken' },
      { verdict: 'ok', code: null },
    ]);
  });

  test('Schedule II near its limit puts the gateway in FALLBACK though the link is fine', async () => {
    const ledger = new StrictLedger();
    const busy = { status: 503, headers: { 'retry-after': '1' } };
    const pms = await ScriptedPms.start((seen) => (seen.method === 'GET' ? ledger.script(seen) : busy));
    scene.onClose(() => pms.close());
    const config = { fallback: { schedule_two_depth_limit: 5, dwell_seconds: 1 } };
    const gateway = await Gateway.start(scene, { pmsUrl: pms.url, config });
    const lane = await subscribe(scene, gateway, 'lane', `pos/${STORE}/status`);
    for (let sale = 0; sale < 4; sale += 1) await publish(gateway, 'till', wire(aRecord({ schedule: 'II' })));
    await mode(lane, 'FALLBACK');
    pms.script = ledger.script;
    await mode(lane, 'RECONCILING');
    await gateway.logged(({ msg, to }) => msg === 'the mode has changed' && to === 'NORMAL', 'NORMAL again');
    expect(ledger.held.size).toBe(4);
    await gateway.stop();
    expect(entriesOf(gateway.bufferFile, 'mode')[0]).toMatchObject({ to: 'FALLBACK', reasons: ['schedule_two_depth'] });
  });

  async function mode(lane: Program, wanted: string, link?: string): Promise<void> {
    const is = (line: string) => {
      const status = statusIn(line);
      return status?.mode === wanted && (link === undefined || status.link === link);
    };
    await lane.line(is, `the status ${wanted}${link === undefined ? '' : ` and ${link}`}`);
  }
});
