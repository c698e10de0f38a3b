/** Programs from Debian that tests use as real peers. Where one is absent its tests are skipped, and say so loudly. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { canBeOthers } from './sealer/users.ts';

/** Debian's Python knows python3-paho-mqtt; another Python earlier on the PATH usually does not. */
const PYTHONS = ['/usr/bin/python3', 'python3'];

const runs = (command: string, args: readonly string[]) => {
  const { error, status } = spawnSync(command, args, { stdio: 'ignore' });
  return error === undefined && status !== null;
};

const succeeds = (command: string, args: readonly string[]) =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** A Python that has paho, or undefined. */
export const pahoPython = PYTHONS.find((python) => succeeds(python, ['-c', 'import paho.mqtt.client']));

/** libfaketime for threads, of Debian's package faketime. */
export const FAKETIME = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path));

/** A token in software, for keys that stay in one. */
export const SOFTHSM_MODULE = '/usr/lib/softhsm/libsofthsm2.so';

/** Debian's browser. */
export const CHROMIUM = '/usr/bin/chromium';

const PRESENT: Readonly<Record<string, () => boolean>> = {
  mosquitto_pub: () => runs('mosquitto_pub', ['--help']),
  mosquitto_sub: () => runs('mosquitto_sub', ['--help']),
  sqlite3: () => succeeds('sqlite3', ['--version']),
  faketime: () => FAKETIME !== undefined,
  pdfinfo: () => succeeds('pdfinfo', ['-v']),
  zbarimg: () => succeeds('zbarimg', ['--version']),
  openssl: () => succeeds('openssl', ['version']),
  softhsm: () => existsSync(SOFTHSM_MODULE) && existsSync('/usr/bin/pkcs11-tool'),
  pdfsig: () => runs('pdfsig', ['-v']) && existsSync('/usr/bin/certutil'),
  postfix: () => process.getuid?.() === 0 && existsSync('/usr/sbin/postfix') && existsSync('/usr/sbin/saslpasswd2'),
  promtool: () => succeeds('promtool', ['--version']),
  amtool: () => succeeds('amtool', ['--version']),
  mandoc: () => existsSync('/usr/bin/mandoc'),
  gcc: () => succeeds('gcc', ['--version']),
  sshd: () => existsSync('/usr/sbin/sshd') && existsSync('/usr/lib/openssh/sftp-server'),
  mosquitto: () => runs('mosquitto', ['-h']),
  'rabbitmq-server': () => existsSync('/usr/lib/rabbitmq/bin/rabbitmq-server'),
  python3: () => existsSync('/usr/bin/python3'),
  ceph: () => ['ceph-mon', 'ceph-osd', 'radosgw'].every((name) => existsSync(`/usr/bin/${name}`)),
  'python3 with boto3': () => succeeds('/usr/bin/python3', ['-c', 'import boto3']),
  'root with loop devices': () => canBeOthers(),
  'systemd-analyze': () => succeeds('systemd-analyze', ['--version']),
  chromium: () => existsSync(CHROMIUM),
  'python3 with paho': () => pahoPython !== undefined,
};

export type Peer = keyof typeof PRESENT;

/**
 * True when one of `peers` is missing; to be given to `describe.skipIf`. Says on standard error what was skipped and
 * which Debian package brings it. `.ci/run` installs them all and fails when anything was skipped.
 */
export function missing(...peers: readonly Peer[]): boolean {
  const absent = peers.filter((peer) => PRESENT[peer]?.() !== true);
  for (const peer of absent) {
    process.stderr.write(`\nSKIPPED: ${peer} is not installed (${PACKAGE_OF[peer] ?? peer}); its tests did not run.\n`);
  }
  return absent.length > 0;
}

const PACKAGE_OF: Readonly<Record<string, string>> = {
  mosquitto_pub: 'apt-get install mosquitto-clients',
  mosquitto_sub: 'apt-get install mosquitto-clients',
  faketime: 'apt-get install faketime',
  sqlite3: 'apt-get install sqlite3',
  pdfinfo: 'apt-get install poppler-utils',
  zbarimg: 'apt-get install zbar-tools',
  openssl: 'apt-get install openssl',
  promtool: 'apt-get install prometheus',
  amtool: 'apt-get install prometheus-alertmanager',
  mandoc: 'apt-get install mandoc',
  gcc: 'apt-get install gcc libc6-dev',
  softhsm: 'apt-get install softhsm2 opensc',
  pdfsig: 'apt-get install poppler-utils libnss3-tools',
  postfix: 'apt-get install postfix sasl2-bin libsasl2-modules',
  sshd: 'apt-get install openssh-server',
  ceph: 'apt-get install ceph-mon ceph-osd radosgw',
  'python3 with boto3': 'apt-get install python3-boto3',
  mosquitto: 'apt-get install mosquitto',
  'rabbitmq-server': 'apt-get install rabbitmq-server',
  python3: 'apt-get install python3',
  'root with loop devices': 'run as root; apt-get install e2fsprogs util-linux mount',
  'systemd-analyze': 'apt-get install systemd',
  chromium: 'apt-get install chromium',
  'python3 with paho': 'apt-get install python3-paho-mqtt',
};
