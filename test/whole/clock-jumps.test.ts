/**
 * A box whose wall clock is wrong, moved by libfaketime under the real process: started in 1970, set right, set back. Records
 * are taken all the while, in order; the trail says what the clock did and verifies.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { counterfoil } from '../harness/command.ts';
import { Gateway, STORE } from '../harness/gateway.ts';
import { publish } from '../harness/mqtt-wire.ts';
import { FAKETIME, missing } from '../harness/programs.ts';
import { RawLane } from '../harness/raw-lane.ts';
import { aRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';
import { entriesOf } from '../harness/trail-entries.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const DAY_MS = 86_400_000;
const topic = `pos/${STORE}/till/records`;

interface Intake {
  readonly records: readonly (readonly unknown[])[];
}

describe.skipIf(missing('faketime'))('with libfaketime', () => {
  test('born in 1970, set right, set back three days: everything is taken in order, told, and verifies', async () => {
    const folder = scene.folder();
    const hand = join(folder, 'time');
    writeFileSync(hand, '@1970-01-01 00:10:00');
    const env = {
      LD_PRELOAD: FAKETIME,
      FAKETIME_TIMESTAMP_FILE: hand,
      FAKETIME_NO_CACHE: '1',
      // The monotonic clock is the machine's own, as on a box whose wall clock is set.
      DONT_FAKE_MONOTONIC: '1',
      TZ: 'UTC',
    };
    const gateway = await Gateway.start(scene, { folder: join(folder, 'gateway'), env });
    const lane = await RawLane.ready(scene, gateway, 'till');
    const sell = async (id: number) => {
      // What a till says of the time of a sale is its own word, whatever the gateway's clock says.
      lane.send(publish({ topic, payload: wire(aRecord()), id }));
      expect(await lane.acknowledged(id)).toBe(true);
    };
    expect((await gateway.get('/api/v1/status')).body).toMatchObject({ clock: { quality: 'unsynchronised' } });
    await sell(1);
    writeFileSync(hand, '+0d');
    await gateway.getOnce('/api/v1/status', stepsAtLeast(1), 'the step forward');
    await sell(2);
    writeFileSync(hand, '-3d');
    await gateway.getOnce('/api/v1/status', stepsAtLeast(2), 'the step back');
    await sell(3);
    await gateway.stop();
    const intake = entriesOf(gateway.bufferFile, 'intake') as unknown as Intake[];
    const records = intake.flatMap((entry) => entry.records);
    // [sequence, lane, schedule, lane_hash, payload_hash, received_ms, clock, flags]; clock 2: unsynchronised.
    expect(records.map(([sequence]) => sequence)).toEqual([1, 2, 3]);
    expect(records[0]?.[5]).toBeLessThan(DAY_MS);
    expect(records[0]?.[6]).toBe(2);
    expect(Number(records[1]?.[5]) - Number(records[2]?.[5])).toBeGreaterThan(2 * DAY_MS);
    const steps = entriesOf(gateway.bufferFile, 'clock_step').map(({ by_ms }) => Number(by_ms));
    expect(steps.some((by) => by > 50 * 365 * DAY_MS)).toBe(true);
    expect(steps.some((by) => by < -2 * DAY_MS)).toBe(true);
    const verified = await counterfoil('trail', 'verify', join(gateway.dataDir, 'trail'), '--json');
    expect(verified.code, verified.errors + verified.output).toBe(0);
    const { logs } = JSON.parse(verified.output) as { logs: { audit: { remarks: { code: string }[] } } };
    expect(logs.audit.remarks.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['time_before_2020', 'time_jump', 'time_back']),
    );
  });
});

const stepsAtLeast =
  (count: number) =>
  ({ clock }: Record<string, unknown>) =>
    (clock as { steps_total: number }).steps_total >= count;
