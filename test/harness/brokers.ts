/** Brokers from Debian as a shop would run them: RabbitMQ with its MQTT plugin and quorum queues, and Mosquitto. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { Program } from './program.ts';
import type { Scene } from './scene.ts';

export interface BrokerUser {
  readonly username: string;
  readonly password: string;
}

export interface Broker {
  readonly url: string;
  /** What gateways log in with; lanes come in without a name. */
  readonly user: BrokerUser;
  /** RabbitMQ's management API, for the same user. */
  readonly managementUrl?: string;
}

const USER: BrokerUser = { username: 'gateway', password: 'correct horse' };
/** The scripts themselves: those in the PATH change to another user, who could not write our folder. */
const RABBITMQ_SCRIPTS = '/usr/lib/rabbitmq/bin';

/** One node with the settings docs/how-to/external-broker.md asks for. */
export async function startRabbitMq(scene: Scene): Promise<Broker> {
  const folder = scene.folder();
  const [mqttPort, managementPort] = [await freePort(), await freePort()];
  const [distributionPort, epmdPort] = [await freePort(), await freePort()];
  const env = rabbitmqFiles(folder, mqttPort, managementPort);
  const environment = {
    ...process.env,
    ...env,
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: 'counterfoil@localhost',
    RABBITMQ_DIST_PORT: String(distributionPort),
  };
  // Our own port mapper as our own child: the one RabbitMQ would start stays behind when the node ends.
  const epmd = Program.start('epmd', ['-address', '127.0.0.1', '-port', String(epmdPort)]);
  scene.onClose(() => epmd.stop('SIGKILL'));
  // SIGTERM to the script would leave the Erlang machine behind: it is the leader of a process group of its own.
  const server = Program.start(join(RABBITMQ_SCRIPTS, 'rabbitmq-server'), [], { env: environment, detached: true });
  scene.onClose(async () => {
    if (server.running) process.kill(-server.pid, 'SIGKILL');
    await server.ended();
  });
  await server.line((line) => line.includes('Starting broker... completed'), 'the start of RabbitMQ');
  const managementUrl = `http://127.0.0.1:${managementPort}`;
  return { url: `mqtt://127.0.0.1:${mqttPort}`, user: USER, managementUrl };
}

function rabbitmqFiles(folder: string, mqttPort: number, managementPort: number) {
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const everything = { vhost: '/', configure: '.*', write: '.*', read: '.*' };
  const definitions = {
    users: [
      { name: USER.username, password: USER.password, tags: 'monitoring' },
      { name: 'lanes', password: 'lanes', tags: '' },
    ],
    vhosts: [{ name: '/' }],
    permissions: [
      { user: USER.username, ...everything },
      { user: 'lanes', ...everything },
    ],
  };
  const settings = [
    'listeners.tcp = none',
    `mqtt.listeners.tcp.1 = 127.0.0.1:${mqttPort}`,
    `management.tcp.port = ${managementPort}`,
    'management.tcp.ip = 127.0.0.1',
    'mqtt.default_user = lanes',
    'mqtt.default_pass = lanes',
    'mqtt.allow_anonymous = true',
    'mqtt.vhost = /',
    'mqtt.durable_queue_type = quorum',
    'mqtt.subscription_ttl = 4294967295',
    'mqtt.prefetch = 100',
    `load_definitions = ${file('definitions.json', JSON.stringify(definitions))}`,
    'log.console = false',
    'log.file.level = warning',
  ];
  mkdirSync(join(folder, 'home'));
  return {
    HOME: join(folder, 'home'),
    ERL_CRASH_DUMP: join(folder, 'erl_crash.dump'),
    RABBITMQ_CONFIG_FILE: file('rabbitmq.conf', settings.map((line) => `${line}\n`).join('')),
    RABBITMQ_CONF_ENV_FILE: file('rabbitmq-env.conf', ''),
    RABBITMQ_ENABLED_PLUGINS_FILE: file('enabled_plugins', '[rabbitmq_mqtt,rabbitmq_management].\n'),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
  };
}

/** Mosquitto with persistence on; `settings` are further lines of its configuration. */
export async function startMosquitto(scene: Scene, settings: readonly string[] = []): Promise<Broker> {
  const folder = scene.folder();
  const port = await freePort();
  const passwords = join(folder, 'passwords');
  await Program.start('mosquitto_passwd', ['-b', '-c', passwords, USER.username, USER.password]).ended();
  const lines = [
    `listener ${port} 127.0.0.1`,
    // Started by root it would become another user, who could not read this folder.
    `user ${userInfo().username}`,
    'allow_anonymous true',
    `password_file ${passwords}`,
    'persistence true',
    `persistence_location ${folder}/`,
    'max_queued_messages 0',
    'log_dest stdout',
    ...settings,
  ];
  const file = join(folder, 'mosquitto.conf');
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  // stdbuf (coreutils): to a pipe it would print whole blocks instead of lines.
  const broker = Program.start('stdbuf', ['-oL', 'mosquitto', '-c', file]);
  scene.onClose(() => broker.stop('SIGKILL'));
  await broker.line((line) => line.includes('running'), 'the start of Mosquitto');
  return { url: `mqtt://127.0.0.1:${port}`, user: USER };
}

/** Neither broker can be told "any free port"; one is looked for, and another program could take it first. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
