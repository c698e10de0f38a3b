/** The gateway and the reference PMS, each a process of its own with a clock that can be put forward. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countRows } from '../count-rows.ts';
import { launch } from '../processes.ts';
import { dataDirOf, writeGatewayConfig } from '../store/processes.ts';
import { Mover } from './mover.ts';

const ENTRY = fileURLToPath(new URL('../../src/main/counterfoil.mjs', import.meta.url));
const PRELOAD = fileURLToPath(new URL('./moved-clock.ts', import.meta.url));

/** A busy machine is slow to start. */
const READY_LIMIT_MS = 180_000;

export interface SoakScene {
  readonly gatewayPid: number;
  readonly mqttPort: number;
  readonly dataDir: string;
  /** Records the PMS holds. */
  atPms(): number;
  /** Puts both clocks forward; UTC ms by the gateway's clock afterwards. */
  move(byMs: number, all?: boolean): Promise<number>;
}

/** Runs `task` with both; whatever happens, nothing of them is left running. */
export async function withSoak<T>(
  directory: string,
  bufferDays: number,
  task: (scene: SoakScene) => Promise<T>,
): Promise<T> {
  const undo: (() => Promise<void> | void)[] = [];
  try {
    const pmsSocket = join(directory, 'pms.sock');
    const dbFile = join(directory, 'pms.db');
    const pmsArgs = ['--import', PRELOAD, ENTRY, 'pms', 'serve', '--url', 'http://127.0.0.1:0', '--db', dbFile];
    const env = { SOAK_SOCKET: pmsSocket, COUNTERFOIL_TUNED: '1' };
    const pms = await launch({ command: process.execPath, args: pmsArgs, env, limitMs: READY_LIMIT_MS }, isReady);
    undo.push(() => pms.stop());
    const gatewaySocket = join(directory, 'gateway.sock');
    const { url }: { url: string } = JSON.parse(pms.readyLine);
    const file = writeGatewayConfig(directory, url, { retention: { buffer_days: bufferDays } });
    const gatewayArgs = ['--import', PRELOAD, ENTRY, 'run', '--config', file];
    const what = {
      command: process.execPath,
      args: gatewayArgs,
      env: { SOAK_SOCKET: gatewaySocket },
      limitMs: READY_LIMIT_MS,
    };
    const gateway = await launch(what, isReady);
    undo.push(() => gateway.stop());
    const movers = [await Mover.connect(pmsSocket), await Mover.connect(gatewaySocket)];
    undo.push(() => {
      for (const mover of movers) mover.close();
    });
    const { mqtt }: { mqtt: string[] } = JSON.parse(gateway.readyLine);
    return await task({
      gatewayPid: gateway.pid,
      mqttPort: Number(new URL(mqtt[0] ?? '').port),
      dataDir: dataDirOf(directory),
      atPms: () => countRows(dbFile, 'SELECT COUNT(*) AS rows FROM records'),
      move: async (byMs, all) => {
        const times = await Promise.all(movers.map((mover) => mover.by(byMs, all)));
        return times.at(-1) ?? 0;
      },
    });
  } finally {
    for (const end of undo.reverse()) await end();
  }
}

const isReady = (line: string): boolean => line.includes('"msg":"ready"');
