/**
 * Records trails of the real gateway: it serves a till, syncs to the reference PMS, which cosigns, and ends twice with
 * something half written behind the last line, as a power cut leaves it. What the till and the PMS then hold are the witnesses.
 */
import { createPrivateKey } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Receipt } from '../../../src/record/lane-wire.ts';
import { KEY_TYPE, verifierKeyOf } from '../../../src/tlog/verifier-key.ts';
import { Gateway, ROOT, STORE } from '../gateway.ts';
import { publish, type SeenPacket, TYPE } from '../mqtt-wire.ts';
import { LIMIT_MS } from '../program.ts';
import { RawLane } from '../raw-lane.ts';
import { aRecord, wire } from '../records.ts';
import { PmsProcess } from '../reference-pms.ts';
import type { Scene } from '../scene.ts';
import type { Recording } from './sample-trail.ts';
import { LOGS, readFiles, takeApart } from './trail-model.ts';

const LANE = 'till-1';
const PRELOAD = ['test/harness/short-limits.ts', 'test/harness/attacks/short-trail.ts'].map((file) => join(ROOT, file));

/** The recording, and the folder the gateway has left it in. */
export interface GatewayRecording extends Recording {
  readonly trailDir: string;
}

export async function recordGateway(scene: Scene): Promise<GatewayRecording> {
  const pms = await PmsProcess.start(scene);
  const gateway = await Gateway.start(scene, { pmsUrl: pms.url, preload: PRELOAD });
  const trailDir = join(gateway.dataDir, 'trail');
  const receipts: string[] = [];
  for (const life of [1, 2, 3]) {
    receipts.push(...(await sell(scene, gateway, 5)));
    receipts.push(...(await sellUntilCosigned(scene, gateway, pms, receipts)));
    if (life === 3) break;
    // Killed, the buffer does not know how far the last segment was synced, and none of it counts; stopped, it does.
    await gateway.stop(life === 1 ? 'SIGKILL' : 'SIGTERM');
    for (const log of LOGS) appendFileSync(newestSegment(trailDir, log), '{"b":"half of a line');
    await gateway.start();
  }
  // Nobody but the till sees the last ones.
  await pms.stop();
  receipts.push(...(await sell(scene, gateway, 3)));
  await gateway.stop();
  const files = readFiles(trailDir);
  return {
    trailDir,
    models: { audit: takeApart(files.audit), schedule_two: takeApart(files.schedule_two) },
    witnesses: { receipts, cosigned: pms.query<{ note: string }>('SELECT note FROM cosigned').map(({ note }) => note) },
    privateKey: createPrivateKey(readFileSync(join(gateway.dataDir, 'trail-signer.key'))),
    witnessKey: witnessKeyOf(pms),
  };
}

/** Publishes so many records of each trail, one after the other; gives the receipts the till has got by then. */
async function sell(scene: Scene, gateway: Gateway, count: number): Promise<string[]> {
  const lane = await RawLane.ready(scene, gateway, LANE);
  for (let id = 1; id <= 2 * count; id++) {
    const payload = wire(aRecord({ schedule: id % 2 === 0 ? 'II' : 'IV' }));
    lane.send(publish({ topic: `pos/${STORE}/${LANE}/records`, payload, id }));
    if (!(await lane.acknowledged(id))) throw new Error('the gateway has hung up');
    const nth = (packet: SeenPacket) => lane.received.filter(isReceipt)[id - 1] === packet;
    await lane.next(TYPE.publish, nth);
  }
  const shown = lane.received.filter(isReceipt).map(payloadOf);
  await lane.end();
  return shown;
}

const payloadOf = ({ body }: SeenPacket) => body.toString('utf8', 2 + body.readUInt16BE(0));
const isReceipt = (packet: SeenPacket) => packet.type === TYPE.publish && payloadOf(packet).includes('"trail":{');

/** Checkpoints travel with batches: sells on until the PMS has cosigned what stands in these receipts. */
async function sellUntilCosigned(
  scene: Scene,
  gateway: Gateway,
  pms: PmsProcess,
  before: readonly string[],
): Promise<string[]> {
  const places = before.map((text) => (JSON.parse(text) as Receipt).trail);
  const wanted = LOGS.map((log) => Math.max(...places.map((place) => (place?.log === log ? place.index : -1))));
  const limit = performance.now() + LIMIT_MS;
  const receipts: string[] = [];
  for (;;) {
    const heads = pms.query<{ origin: string; size: number }>('SELECT origin, size FROM cosigned');
    const sizeOf = (log: string) => heads.find(({ origin }) => origin.endsWith(`/${log}`))?.size ?? 0;
    if (LOGS.every((log, at) => sizeOf(log) > (wanted[at] ?? 0))) return receipts;
    if (performance.now() > limit) throw new Error(`the PMS has cosigned ${JSON.stringify(heads)}`);
    // Asked before: by the end of the sale the PMS may have all of it.
    const [{ held } = { held: 0 }] = pms.query<{ held: number }>('SELECT COUNT(*) AS held FROM records');
    receipts.push(...(await sell(scene, gateway, 1)));
    await pms.holds(held + 2);
  }
}

function newestSegment(trailDir: string, log: string): string {
  const names = readdirSync(join(trailDir, log)).filter((name) => /^s\d{8}\.log$/.test(name));
  const written = names.sort().findLast((name) => readFileSync(join(trailDir, log, name)).length > 0);
  return join(trailDir, log, written ?? '');
}

function witnessKeyOf(pms: PmsProcess): string {
  const [row] = pms.query<{ private_key: string }>('SELECT private_key FROM cosigner');
  return verifierKeyOf('reference-pms', createPrivateKey(row?.private_key ?? ''), KEY_TYPE.cosignature).text;
}
