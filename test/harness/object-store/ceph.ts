/**
 * Ceph's object gateway, of Debian: an object store of somebody else that checks every signature and keeps what is locked. One monitor, one
 * daemon that holds objects in memory, one gateway, all on loopback and gone with the scene.
 */
import { execFile, execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../brokers.ts';
import { LIMIT_MS, Program } from '../program.ts';
import type { Scene } from '../scene.ts';

export const STORE_KEYS = { accessKey: 'TESTACCESSKEY0042', secretKey: 'test/secret+key/of/the/store' } as const;

const CLIENT = join(import.meta.dirname, 's3_client.py');

interface StoredVersion {
  readonly key: string;
  readonly version: string;
  readonly bytes: number;
  /** Hex, of what is there now. */
  readonly sha256: string;
  readonly mode: string | null;
  readonly until: string | null;
}

export class CephStore {
  readonly url: string;

  private constructor(url: string) {
    this.url = url;
  }

  static async start(scene: Scene): Promise<CephStore> {
    const folder = scene.folder();
    const [monitorPort, httpPort] = [await freePort(), await freePort()];
    const config = writeCluster(folder, monitorPort, httpPort);
    const run = (command: string, ...args: string[]) =>
      execFileSync(command, [...args, '-c', config], { stdio: 'pipe', encoding: 'utf8', timeout: LIMIT_MS });
    const daemon = (command: string, ...args: string[]) => {
      const program = Program.start(command, ['-f', ...args, '-c', config]);
      scene.onClose(() => program.stop('SIGKILL'));
    };
    const keyring = join(folder, 'keyring');
    run('ceph-mon', '--mkfs', '-i', 'a', '--monmap', join(folder, 'monmap'), '--keyring', keyring);
    daemon('ceph-mon', '-i', 'a');
    const uuid = randomUUID();
    // Tries until the monitor answers.
    run('ceph', 'osd', 'new', uuid);
    run('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', uuid);
    daemon('ceph-osd', '-i', '0');
    const { accessKey, secretKey } = STORE_KEYS;
    const user = ['--uid=store', '--display-name=store', `--access-key=${accessKey}`, `--secret-key=${secretKey}`];
    run('radosgw-admin', 'user', 'create', ...user);
    daemon('radosgw', '-n', 'client.admin', '--keyring', keyring, `--rgw-data=${join(folder, 'rgw')}`);
    const url = `http://127.0.0.1:${httpPort}`;
    await answered(url);
    return new CephStore(url);
  }

  async makeBucket(name: string, options: { locked: boolean }): Promise<void> {
    await this.#ask('make', name, String(options.locked));
  }

  /** Every version of every object, read back. */
  async versions(bucket: string): Promise<StoredVersion[]> {
    return JSON.parse(await this.#ask('versions', bucket)) as StoredVersion[];
  }

  /** Puts the newest of each object into a folder. */
  async download(bucket: string, prefix: string, folder: string): Promise<void> {
    await this.#ask('download', bucket, prefix, folder);
  }

  /** What the store says when its owner deletes that version with all the rights there are. */
  async destroy(bucket: string, { key, version }: StoredVersion): Promise<string> {
    return (await this.#ask('destroy', bucket, key, version)).trim();
  }

  /** Not in step with the test: a connection to the gateway that falls idle meanwhile must be seen to. */
  async #ask(...args: string[]): Promise<string> {
    const keys = [STORE_KEYS.accessKey, STORE_KEYS.secretKey];
    const options = { encoding: 'utf8', timeout: LIMIT_MS } as const;
    return (await promisify(execFile)('/usr/bin/python3', [CLIENT, this.url, ...keys, ...args], options)).stdout;
  }
}

function writeCluster(folder: string, monitorPort: number, httpPort: number): string {
  for (const name of ['mon', 'osd', 'rgw', 'run']) mkdirSync(join(folder, name));
  const fsid = randomUUID();
  const keyring = join(folder, 'keyring');
  const config = join(folder, 'ceph.conf');
  const lines = [
    '[global]',
    `fsid = ${fsid}`,
    `mon_host = v2:127.0.0.1:${monitorPort}`,
    `keyring = ${keyring}`,
    `mon_data = ${join(folder, 'mon')}`,
    `osd_data = ${join(folder, 'osd')}`,
    `crash_dir = ${join(folder, 'run')}`,
    `admin_socket = ${join(folder, 'run')}/$name.asok`,
    `log_file = ${folder}/$name.log`,
    'public_network = 127.0.0.0/8',
    'ms_bind_ipv6 = false',
    'ms_bind_msgr1 = false',
    // Alone, in memory, without copies: what is tested is the door, not the cellar.
    'osd_objectstore = memstore',
    'osd_pool_default_size = 1',
    'osd_pool_default_min_size = 1',
    'osd_pool_default_pg_num = 1',
    'osd_pool_default_pgp_num = 1',
    'osd_pool_default_pg_autoscale_mode = off',
    'osd_crush_chooseleaf_type = 0',
    'mon_allow_pool_size_one = true',
    // A disk of the test machine that is nearly full is no concern of a store in memory.
    'mon_data_avail_crit = 0',
    `rgw_frontends = beast endpoint=127.0.0.1:${httpPort}`,
    'rgw_enable_gc_threads = false',
    'rgw_enable_lc_threads = false',
    'rgw_enable_quota_threads = false',
    'rgw_run_sync_thread = false',
    'rgw_dynamic_resharding = false',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const keys = [
    ['mon.', 'mon'],
    ['client.admin', 'mon', 'osd', 'mgr'],
    ['osd.0', 'mon', 'osd'],
  ] as const;
  for (const [index, [name, ...parts]] of keys.entries()) {
    const may = parts.flatMap((part) => ['--cap', part, 'allow *']);
    execFileSync('ceph-authtool', [...(index === 0 ? ['--create-keyring'] : []), keyring, '-n', name, '-g', ...may], {
      stdio: 'pipe',
    });
  }
  const monitor = ['--addv', 'a', `[v2:127.0.0.1:${monitorPort}]`];
  execFileSync('monmaptool', ['--create', '--fsid', fsid, ...monitor, join(folder, 'monmap')], { stdio: 'pipe' });
  return config;
}

/** It listens only once its pools are made. */
async function answered(url: string): Promise<void> {
  const limit = performance.now() + 2 * LIMIT_MS;
  for (;;) {
    try {
      await (await fetch(url)).text();
      return;
    } catch (error) {
      if (performance.now() > limit) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
