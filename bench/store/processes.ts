/** A gateway and its PMS as the processes they are in a shop and at its headquarters. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countRows } from '../count-rows.ts';
import type { LineEnd } from '../line/line.ts';
import { BENCH_STORE } from '../load-lane.ts';
import { type Launched, launch } from '../processes.ts';

const ENTRY = fileURLToPath(new URL('../../src/main/counterfoil.mjs', import.meta.url));
const LIGHT_PMS = fileURLToPath(new URL('./light-pms.ts', import.meta.url));
/** A buffer with a million records is read before the gateway is ready, perhaps from a cold disk. */
const READY_LIMIT_MS = 300_000;
export const GATEWAY_ID = 'gw-bench';

/** `reference`: the product's strict one, with books on disk; `light`: answers by the rules and only counts. */
export type PmsKind = 'reference' | 'light';

/** @throws Error with a sentence for the user. */
export function pmsOf(text: string): PmsKind {
  if (text === 'reference' || text === 'light') return text;
  throw new Error(`--pms: ${text} is neither reference nor light`);
}

export interface RunningPms {
  readonly pid: number;
  readonly port: number;
  /** Records it holds. */
  held(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts a PMS that listens on `host`; the reference PMS keeps its books in `directory`. */
export async function startPms(kind: PmsKind, directory: string, host: string): Promise<RunningPms> {
  const dbFile = join(directory, 'pms.db');
  const reference = [ENTRY, 'pms', 'serve', '--url', `http://${host}:0`, '--db', dbFile];
  const args = kind === 'light' ? [LIGHT_PMS, host] : reference;
  const server = await launch({ command: process.execPath, args }, isReady);
  const { url }: { url: string } = JSON.parse(server.readyLine);
  const counted = async () => Number(await (await fetch(new URL('/count', url))).text());
  const inBooks = async () => countRows(dbFile, 'SELECT count(*) AS rows FROM records');
  return {
    pid: server.pid,
    port: Number(new URL(url).port),
    held: kind === 'light' ? counted : inBooks,
    stop: server.stop,
  };
}

export interface RunningGateway {
  readonly pid: number;
  readonly readyMs: number;
  readonly mqttPort: number;
  /** Records PENDING now, by the gateway's own word; at most 100 ms old. */
  pending(): Promise<number>;
  stop(): Promise<void>;
}

export function dataDirOf(directory: string): string {
  return join(directory, 'data');
}

/** A store's configuration with nothing but addresses and `more` sections; gives the file. */
export function writeGatewayConfig(directory: string, pmsUrl: string, more: Readonly<Record<string, object>>): string {
  const file = join(directory, 'gateway.yaml');
  const dataDir = dataDirOf(directory);
  const config = {
    gateway: { id: GATEWAY_ID, store: BENCH_STORE },
    data_dir: dataDir,
    trail_dir: join(dataDir, 'trail'),
    mqtt: { listen: [{ url: 'mqtt://127.0.0.1:0' }] },
    http: { url: 'http://127.0.0.1:0' },
    pms: { url: pmsUrl },
    ...more,
  };
  writeFileSync(file, JSON.stringify(config, null, 2), { mode: 0o600 });
  return file;
}

/** The gateway with its defaults; everything it has for the PMS goes to `pms`. */
export async function startGateway(directory: string, pms: LineEnd): Promise<RunningGateway> {
  // The random wait of a start with a backlog says nothing about the line.
  const sync = { start_spread_seconds: 0 };
  const configFile = writeGatewayConfig(directory, `http://${pms.host}:${pms.port}`, { sync });
  const args = [ENTRY, 'run', '--config', configFile];
  const what = { command: process.execPath, args, limitMs: READY_LIMIT_MS };
  const server: Launched = await launch(what, isReady);
  const { mqtt, http }: { mqtt: string[]; http: string[] } = JSON.parse(server.readyLine);
  const statusUrl = new URL('/api/v1/status', http[0]);
  return {
    pid: server.pid,
    readyMs: server.readyMs,
    mqttPort: Number(new URL(mqtt[0] ?? '').port),
    pending: () => pendingOf(statusUrl),
    stop: server.stop,
  };
}

const isReady = (line: string): boolean => line.includes('"msg":"ready"');

async function pendingOf(statusUrl: URL): Promise<number> {
  const response = await fetch(statusUrl);
  const status = (await response.json()) as { records: { schedules: { states: Record<string, number> }[] } | null };
  const schedules = status.records?.schedules ?? [];
  return schedules.reduce((sum, { states }) => sum + (states.PENDING ?? 0), 0);
}
