/** Sells records one by one, as a shop does, and looks at what each leaves in the trail. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { BENCH_STORE } from '../load-lane.ts';
import { dataDirOf, startGateway, startPms } from '../store/processes.ts';
import { sales } from '../store/records.ts';
import type { KindSize, SizeResult } from './model.ts';

const LANE = 'lane-9';
const LOGS = ['audit', 'schedule_two'];
const DAY_MS = 86_400_000;
/** No receipt for so long means that something is broken, not slow. */
const LIMIT_MS = 60_000;
const HOST = '127.0.0.1';

export async function measureSize(parent: string, count: number): Promise<SizeResult> {
  const directory = await mkdtemp(join(parent, 'trail-size-'));
  try {
    const pms = await startPms('light', directory, HOST);
    try {
      const gateway = await startGateway(directory, { host: HOST, port: pms.port });
      try {
        await sell(gateway.mqttPort, count);
      } finally {
        await gateway.stop();
      }
    } finally {
      await pms.stop();
    }
    return { sales: count, kinds: await kindsIn(join(dataDirOf(directory), 'trail')) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function sell(port: number, count: number): Promise<void> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: LANE, protocolVersion: 4 });
  const waiting = new Map<string, () => void>();
  client.on('message', (_topic, payload) => {
    const receipt: { idempotency_key?: string; status?: string } = JSON.parse(payload.toString());
    if (receipt.status === 'synced') waiting.get(receipt.idempotency_key ?? '')?.();
  });
  try {
    await client.subscribeAsync(`pos/${BENCH_STORE}/${LANE}/receipts`, { qos: 1 });
    for (const sale of sales({ seed: 'size', count, startUtcMs: Date.now() - DAY_MS, spanMs: DAY_MS })) {
      const record: { idempotency_key: string } = JSON.parse(sale.bytes.toString());
      const key = randomUUID();
      const synced = inTime(new Promise<void>((resolve) => waiting.set(key, resolve)));
      const payload = JSON.stringify({ ...record, idempotency_key: key });
      await client.publishAsync(`pos/${BENCH_STORE}/${LANE}/records`, payload, { qos: 1 });
      await synced;
    }
  } finally {
    await client.endAsync();
  }
}

async function inTime(promise: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('no receipt "synced" came')), LIMIT_MS);
  try {
    await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Every line of the segments, framing lines as kind `seg`. */
async function kindsIn(trailDir: string): Promise<KindSize[]> {
  const found = new Map<string, { entries: number; bytes: number }>();
  for (const log of LOGS) {
    for (const name of await readdir(join(trailDir, log))) {
      const text = await readFile(join(trailDir, log, name), 'utf8');
      for (const line of text.split('\n').slice(0, -1)) {
        const { k }: { k: string } = JSON.parse(line.slice(0, line.indexOf('\t')));
        const { entries, bytes } = found.get(k) ?? { entries: 0, bytes: 0 };
        found.set(k, { entries: entries + 1, bytes: bytes + Buffer.byteLength(line) + 1 });
      }
    }
  }
  return [...found].map(([kind, size]) => ({ kind, ...size })).sort((a, b) => b.bytes - a.bytes);
}
