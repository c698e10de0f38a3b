/**
 * The usual Python design: Mosquitto in front, a Python consumer behind it, one SQLite commit per record. The lane's
 * acknowledgement is the consumer's message after the commit, not Mosquitto's PUBACK, which is sent from memory.
 * Mosquitto's limits are lifted so that it neither drops nor throttles: with its defaults it would lose records.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countRows } from '../count-rows.ts';
import { debianVersion, freePort, launch, outputOf } from '../processes.ts';
import type { SyncCounter } from '../sync-count.ts';
import type { RunningSystem, System } from './system.ts';

/** Debian's interpreter: the one that sees Debian's python3-paho-mqtt. */
const PYTHON = '/usr/bin/python3';
/** Debian keeps servers out of an ordinary user's PATH. */
const MOSQUITTO = '/usr/sbin/mosquitto';

function mosquittoConfig(directory: string, port: number): string {
  const settings = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence true',
    `persistence_location ${directory}/`,
    'max_queued_messages 0',
    'max_inflight_messages 0',
    'set_tcp_nodelay true',
    'log_type error',
    // Started as root it would change to its own user, who could not write our directory.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
  ];
  return settings.map((line) => `${line}\n`).join('');
}

async function start(directory: string, syncs: SyncCounter | null): Promise<RunningSystem> {
  const port = await freePort();
  const configFile = join(directory, 'mosquitto.conf');
  const databaseFile = join(directory, 'queue.db');
  writeFileSync(configFile, mosquittoConfig(directory, port));
  const env = syncs?.env ?? {};
  const broker = await launch({ command: MOSQUITTO, args: ['-c', configFile], env }, { port });
  try {
    const script = fileURLToPath(new URL('./python-consumer.py', import.meta.url));
    const consumer = await launch(
      { command: PYTHON, args: [script, String(port), databaseFile], env },
      (line) => line === 'ready',
    );
    return {
      port,
      username: null,
      password: null,
      acknowledgement: 'message',
      receipts: false,
      roots: [broker.pid, consumer.pid],
      readyMs: broker.readyMs + consumer.readyMs,
      countStored: async () => countRows(databaseFile, 'SELECT count(*) AS rows FROM offline_queue'),
      async stop() {
        await consumer.stop();
        await broker.stop();
      },
    };
  } catch (error) {
    await broker.stop();
    throw error;
  }
}

export const pythonDesign: System = {
  name: 'python',
  recordsPerSecondLimit: 40_000,
  async version() {
    const probe =
      'import paho.mqtt, sqlite3, platform; print(platform.python_version(), paho.mqtt.__version__, sqlite3.sqlite_version)';
    const python = await outputOf(PYTHON, ['-c', probe]).catch(() => '');
    const broker = await debianVersion('mosquitto');
    if (python === '' || broker === null) {
      throw new Error('mosquitto or paho is not installed (Debian: apt-get install mosquitto python3-paho-mqtt)');
    }
    const [pythonVersion, pahoVersion, sqliteVersion] = python.trim().split(' ');
    return `Mosquitto ${broker}, Python ${pythonVersion}, paho ${pahoVersion}, SQLite ${sqliteVersion}`;
  },
  start,
};
