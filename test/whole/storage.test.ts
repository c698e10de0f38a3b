/** A disk that fills up: who is still taken in, what lanes see, and that it all comes back by itself. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Gateway, ROOT, STORE } from '../harness/gateway.ts';
import { readReceipts } from '../harness/mosquitto.ts';
import { publish } from '../harness/mqtt-wire.ts';
import { missing } from '../harness/programs.ts';
import { RawLane } from '../harness/raw-lane.ts';
import { aRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';
import { SmallDisk } from '../harness/small-disk.ts';
import { entriesOf } from '../harness/trail-entries.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const MIB = 1024 * 1024;
const SHORT = join(ROOT, 'test/harness/short-storage.ts');

/** The gateway at a breaker's level. */
async function atLevel(gateway: Gateway, level: string): Promise<void> {
  const isThere = ({ storage }: Record<string, unknown>) => (storage as { level: string } | null)?.level === level;
  await gateway.getOnce('/api/v1/status', isThere, `level ${level}`);
}

/** One record of a schedule from a lane of its own; whether it was acknowledged. The receipt says so too. */
async function publishOne(gateway: Gateway, lane: string, schedule: string): Promise<'acknowledged' | 'deferred'> {
  const raw = await RawLane.ready(scene, gateway, lane);
  const receipts = await readReceipts(scene, gateway, lane);
  const record = aRecord({ schedule });
  raw.send(publish({ topic: `pos/${STORE}/${lane}/records`, payload: wire(record), id: 7 }));
  const { status } = await receipts.last(record.idempotency_key);
  if (status === 'deferred') {
    expect(raw.received.some(({ type }) => type === 4)).toBe(false);
    return 'deferred';
  }
  expect(await raw.acknowledged(7)).toBe(true);
  expect(status).toBe('accepted');
  return 'acknowledged';
}

describe.skipIf(missing('mosquitto_sub', 'root with loop devices'))('on a disk of 96 MiB', () => {
  test('another program’s file fills it: the rest waits, then all but Schedule II, and it closes by itself', async () => {
    const disk = SmallDisk.mount(scene, 96);
    const gateway = await Gateway.start(scene, {
      folder: join(disk.path, 'gateway'),
      config: { storage: { ballast_bytes: 2 * MIB } },
      preload: [SHORT],
    });
    const hasBallast = ({ storage }: Record<string, unknown>) =>
      (storage as { ballast_bytes: number } | null)?.ballast_bytes === 2 * MIB;
    await gateway.getOnce('/api/v1/status', hasBallast, 'the ballast');
    const taken = async (name: string) => ({
      other: await publishOne(gateway, `${name}-a`, 'NONE'),
      controlled: await publishOne(gateway, `${name}-b`, 'IV'),
      two: await publishOne(gateway, `${name}-c`, 'II'),
    });
    disk.fillTo(0.75);
    expect(await taken('low')).toEqual({ other: 'acknowledged', controlled: 'acknowledged', two: 'acknowledged' });
    disk.fillTo(0.83);
    await atLevel(gateway, 'OPEN');
    expect(await taken('open')).toEqual({ other: 'deferred', controlled: 'acknowledged', two: 'acknowledged' });
    disk.fillTo(0.96);
    await atLevel(gateway, 'RESERVE');
    expect(await taken('reserve')).toEqual({ other: 'deferred', controlled: 'deferred', two: 'acknowledged' });
    expect((await gateway.get('/health')).body.status).toBe('fail');
    // Not a byte left: the next Schedule II record meets a full disk once, and finds the ballast's room.
    disk.fillTo(1);
    const stored = gateway.storedRecords;
    const lane = await RawLane.ready(scene, gateway, 'full');
    const record = aRecord({ schedule: 'II' });
    lane.send(publish({ topic: `pos/${STORE}/full/records`, payload: wire(record), id: 9 }));
    for (let again = 10; !lane.received.some(({ type }) => type === 4) && again < 200; again += 1) {
      await gateway.get('/livez');
      lane.send(publish({ topic: `pos/${STORE}/full/records`, payload: wire(record), id: again }));
    }
    expect(gateway.storedRecords).toBe(stored + 1);
    disk.empty();
    await atLevel(gateway, 'CLOSED');
    expect(await taken('again')).toEqual({ other: 'acknowledged', controlled: 'acknowledged', two: 'acknowledged' });
    await gateway.stop();
    const steps = entriesOf(gateway.bufferFile, 'breaker').map(({ from, to }) => `${from}→${to}`);
    expect(steps.slice(0, 2)).toEqual(['CLOSED→OPEN', 'OPEN→RESERVE']);
    expect(steps.slice(-2)).toEqual(['RESERVE→HALF_OPEN', 'HALF_OPEN→CLOSED']);
    expect(entriesOf(gateway.bufferFile, 'deferred').length).toBeGreaterThan(0);
  });
});
