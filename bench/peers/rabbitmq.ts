/**
 * RabbitMQ with its MQTT plugin and a quorum queue: a single node of the kind shops replicate. Its MQTT plugin answers
 * PUBACK only after the queue has confirmed, and a quorum queue confirms after its write-ahead log was synced.
 *
 * Debian 12 has RabbitMQ 3.10, which cannot make the queue of an MQTT session a quorum queue by itself
 * (`mqtt.durable_queue_type` came later). So the queue is declared beforehand by a definitions file and bound to
 * amq.topic, the exchange MQTT publishes go to; an unbound publish would be acknowledged without being stored.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { debianVersion, freePort, launch, outputOf } from '../processes.ts';
import type { SyncCounter } from '../sync-count.ts';
import type { RunningSystem, System } from './system.ts';

/** The scripts themselves: the ones in the PATH change to another user, who could not write our directory. */
const SCRIPTS = '/usr/lib/rabbitmq/bin';
const QUEUE = 'records';
const ACCOUNT = 'bench';
/** Quorum queues report their length on a tick of 5 s. */
const COUNT_LIMIT_MS = 12_000;

/** A vhost, one account, one quorum queue, and the binding that brings every lane's records to it. */
const DEFINITIONS = {
  users: [{ name: ACCOUNT, password: ACCOUNT, tags: '' }],
  vhosts: [{ name: '/' }],
  permissions: [{ user: ACCOUNT, vhost: '/', configure: '.*', write: '.*', read: '.*' }],
  queues: [{ name: QUEUE, vhost: '/', durable: true, auto_delete: false, arguments: { 'x-queue-type': 'quorum' } }],
  bindings: [
    {
      source: 'amq.topic',
      vhost: '/',
      destination: QUEUE,
      destination_type: 'queue',
      routing_key: 'pos.#',
      arguments: {},
    },
  ],
};

/** Writes the node's configuration and returns the environment that points every script at it. */
function configure(directory: string, mqttPort: number, distributionPort: number, epmdPort: number) {
  const file = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const definitionsFile = file('definitions.json', JSON.stringify(DEFINITIONS));
  const settings = [
    'listeners.tcp = none',
    `mqtt.listeners.tcp.1 = 127.0.0.1:${mqttPort}`,
    'mqtt.allow_anonymous = false',
    'mqtt.vhost = /',
    `load_definitions = ${definitionsFile}`,
    'log.console = false',
    'log.file.level = warning',
  ];
  mkdirSync(join(directory, 'home'), { recursive: true });
  return {
    HOME: join(directory, 'home'),
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: 'bench@localhost',
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_CONFIG_FILE: file('rabbitmq.conf', settings.map((line) => `${line}\n`).join('')),
    RABBITMQ_CONF_ENV_FILE: file('rabbitmq-env.conf', ''),
    RABBITMQ_ENABLED_PLUGINS_FILE: file('enabled_plugins', '[rabbitmq_mqtt].\n'),
    RABBITMQ_MNESIA_BASE: join(directory, 'mnesia'),
    RABBITMQ_LOG_BASE: join(directory, 'log'),
    RABBITMQ_PID_FILE: join(directory, 'pid'),
  };
}

async function start(directory: string, syncs: SyncCounter | null): Promise<RunningSystem> {
  const [port, distributionPort, epmdPort] = [await freePort(), await freePort(), await freePort()];
  const env = configure(directory, port, distributionPort, epmdPort);
  // Our own port mapper as our own child: the one RabbitMQ would start stays behind when the node ends.
  const epmd = await launch(
    { command: 'epmd', args: ['-address', '127.0.0.1', '-port', String(epmdPort)] },
    { port: epmdPort },
  );
  try {
    const server = await launch(
      { command: join(SCRIPTS, 'rabbitmq-server'), args: [], env: { ...env, ...syncs?.env }, limitMs: 90_000 },
      { port },
    );
    return {
      port,
      username: ACCOUNT,
      password: ACCOUNT,
      acknowledgement: 'puback',
      receipts: false,
      roots: [server.pid],
      readyMs: server.readyMs,
      countStored: () => countMessages(env),
      async stop() {
        await server.stop();
        await epmd.stop();
      },
    };
  } catch (error) {
    await epmd.stop();
    throw error;
  }
}

/** The queue's length, read until two ticks agree. */
async function countMessages(env: Record<string, string>): Promise<number> {
  const limitMs = performance.now() + COUNT_LIMIT_MS;
  let count = -1;
  for (;;) {
    const text = await outputOf(
      join(SCRIPTS, 'rabbitmqctl'),
      ['-q', '--no-table-headers', 'list_queues', 'messages'],
      env,
    );
    const now = Number.parseInt(text, 10);
    if ((now === count && now > 0) || performance.now() > limitMs) return now;
    count = now;
    await sleep(5_500);
  }
}

export const rabbitmq: System = {
  name: 'rabbitmq',
  recordsPerSecondLimit: 80_000,
  async version() {
    const version = await debianVersion('rabbitmq-server');
    if (version === null) throw new Error('rabbitmq-server is not installed (Debian: apt-get install rabbitmq-server)');
    return `RabbitMQ ${version}, one node, one quorum queue`;
  },
  start,
};
