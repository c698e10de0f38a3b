/**
 * The gateway under test, as a shop runs it: the whole process with its defaults, its plain loopback listener, and a
 * PMS that cannot be reached, so that everything it acknowledges stays in its buffer.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countRows } from '../count-rows.ts';
import { BENCH_STORE } from '../load-lane.ts';
import { freePort, launch } from '../processes.ts';
import type { SyncCounter } from '../sync-count.ts';
import type { RunningSystem, System } from './system.ts';

const ENTRY = fileURLToPath(new URL('../../src/main/counterfoil.mjs', import.meta.url));
const BARE_ENTRY = fileURLToPath(new URL('../trail/bare-gateway.ts', import.meta.url));
/** Arguments for Node before the configuration file, and what is added to its environment. */
interface Program {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const WHOLE: Program = { args: [ENTRY, 'run', '--config'], env: {} };
/** How the command line tunes the gateway's process (counterfoil.mjs); without it the bare one would have the better of it. */
const TUNED_FLAGS = ['--max-semi-space-size=4', '--max-old-space-size=160', '--expose-gc'];

/** @throws Error when the command line has come to tune in another way. */
function bareProgram(): Program {
  const text = readFileSync(ENTRY, 'utf8');
  const missing = TUNED_FLAGS.find((flag) => !text.includes(`'${flag}'`));
  if (missing !== undefined)
    throw new Error(`${missing} is not how the gateway is run any more: look at counterfoil.mjs`);
  return { args: [...TUNED_FLAGS, BARE_ENTRY], env: { MALLOC_ARENA_MAX: '1' } };
}
/** The view other programs rely on: one row for each record that waits for the PMS. */
const COUNT_PENDING = 'SELECT count(*) AS rows FROM offline_transaction_buffer';

async function start(
  directory: string,
  syncs: SyncCounter | null,
  receipts: boolean,
  program: Program = WHOLE,
): Promise<RunningSystem> {
  const configFile = join(directory, 'gateway.yaml');
  const dataDirectory = join(directory, 'data');
  // JSON is YAML; the port of the PMS was free a moment ago and nobody listens there.
  const config = {
    gateway: { id: 'gw-bench', store: BENCH_STORE },
    data_dir: dataDirectory,
    trail_dir: join(dataDirectory, 'trail'),
    mqtt: { listen: [{ url: 'mqtt://127.0.0.1:0' }] },
    http: { url: 'http://127.0.0.1:0' },
    pms: { url: `http://127.0.0.1:${await freePort()}` },
  };
  writeFileSync(configFile, JSON.stringify(config, null, 2));
  const server = await launch(
    { command: process.execPath, args: [...program.args, configFile], env: { ...program.env, ...syncs?.env } },
    (line) => line.includes('"msg":"ready"'),
  );
  const { mqtt }: { mqtt: string[] } = JSON.parse(server.readyLine);
  return {
    port: Number(new URL(mqtt[0] ?? '').port),
    username: null,
    password: null,
    acknowledgement: 'puback',
    receipts,
    roots: [server.pid],
    readyMs: server.readyMs,
    countStored: async () => countRows(join(dataDirectory, 'buffer.db'), COUNT_PENDING),
    stop: server.stop,
  };
}

async function version(): Promise<string> {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version: ours }: { version: string } = JSON.parse(text);
  return `Counterfoil ${ours}, Node.js ${process.versions.node}`;
}

export const gateway: System = {
  name: 'gateway',
  recordsPerSecondLimit: 80_000,
  version,
  start: (directory, syncs) => start(directory, syncs, false),
};

/** The same with every lane subscribed to its receipts at QoS 1, as a till that follows the rules is. */
export const gatewayWithReceipts: System = {
  name: 'gateway-receipts',
  recordsPerSecondLimit: 80_000,
  version,
  start: (directory, syncs) => start(directory, syncs, true),
};

/** The gateway with its trail switched off, which only code can do. */
export const gatewayWithoutTrail: System = {
  name: 'gateway-bare',
  recordsPerSecondLimit: 80_000,
  version,
  start: (directory, syncs) => start(directory, syncs, false, bareProgram()),
};
