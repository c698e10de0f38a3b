/**
 * Postfix as a mail server of somebody else, all of it below a temporary folder: TLS, users with passwords, mailboxes of
 * `example.test` that are files. It needs root (its programs change to other users); CI has it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { Authority } from './authority.ts';
import { freePort } from './brokers.ts';
import { closeServer, lookupServer, portOf } from './postfix-lookup.ts';
import type { Scene } from './scene.ts';

export const MAIL_USER = { username: 'gw-0042', password: 'right-horse' };

const MASTER = (smtps: number, smtp: number, plain: number) => `
127.0.0.1:${smtps} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
127.0.0.1:${smtp} inet n - n - - smtpd
127.0.0.1:${plain} inet n - n - - smtpd -o smtpd_tls_security_level=none
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;

export class Postfix {
  readonly #folder: string;
  readonly smtps: number;
  readonly smtp: number;
  /** Offers no TLS. */
  readonly plain: number;
  readonly caFile: string;
  readonly strangerFile: string;
  /** What is answered to mail for whom; asked at each mail, so that a change holds from the next one on. */
  readonly #refused = new Map<string, string>();
  readonly #lookup: Server;

  private constructor(folder: string, ports: readonly [number, number, number], files: readonly [string, string]) {
    this.#folder = folder;
    this.#lookup = lookupServer((address) => this.#refused.get(address) ?? null);
    [this.smtps, this.smtp, this.plain] = ports;
    [this.caFile, this.strangerFile] = files;
  }

  static async start(scene: Scene): Promise<Postfix> {
    const folder = scene.folder();
    chmodSync(folder, 0o755);
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    const tls = join(folder, 'tls');
    mkdirSync(tls);
    const authority = new Authority(tls, 'mail-ca');
    const stranger = new Authority(join(folder, 'tls'), 'stranger');
    const { cert, key } = authority.leaf('localhost', { altName: 'DNS:localhost' });
    writeFileSync(join(tls, 'cert.pem'), cert + authority.cert);
    writeFileSync(join(tls, 'key.pem'), key, { mode: 0o600 });
    const caFile = join(tls, 'ca.pem');
    writeFileSync(caFile, authority.cert);
    const strangerFile = join(tls, 'stranger.pem');
    writeFileSync(strangerFile, stranger.cert);
    const postfix = new Postfix(folder, ports, [caFile, strangerFile]);
    scene.onClose(() => closeServer(postfix.#lookup));
    postfix.#write(await portOf(postfix.#lookup));
    scene.onClose(() => postfix.stop());
    postfix.up();
    return postfix;
  }

  up(): void {
    const { status, stdout, stderr } = spawnSync('/usr/sbin/postfix', ['-c', join(this.#folder, 'conf'), 'start'], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`postfix did not start: ${stdout}${stderr}${this.log()}`);
  }

  stop(): void {
    spawnSync('/usr/sbin/postfix', ['-c', join(this.#folder, 'conf'), 'stop'], { stdio: 'ignore' });
  }

  /** Every mail in that mailbox, as it was delivered. */
  mails(user: string): Buffer[] {
    const folder = join(this.#folder, 'mail', user, 'new');
    if (!existsSync(folder)) return [];
    return readdirSync(folder).map((name) => readFileSync(join(folder, name)));
  }

  /** Mail for a user of example.test is answered with this from now on, or taken when null. */
  refuse(user: string, answer: string | null): void {
    if (answer === null) this.#refused.delete(`${user}@example.test`);
    else this.#refused.set(`${user}@example.test`, answer);
  }

  log(): string {
    const path = join(this.#folder, 'log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  #write(lookupPort: number): void {
    const at = (name: string) => join(this.#folder, name);
    for (const name of ['conf', 'conf/sasl', 'queue', 'data', 'mail', 'users']) mkdirSync(at(name));
    const postfixUser = Number(execFileSync('id', ['-u', 'postfix'], { encoding: 'utf8' }));
    for (const name of ['data', 'mail']) chownSync(at(name), postfixUser, postfixUser);
    const main = {
      compatibility_level: '3.6',
      queue_directory: at('queue'),
      data_directory: at('data'),
      maillog_file: at('log'),
      maillog_file_prefixes: this.#folder,
      inet_interfaces: '127.0.0.1',
      inet_protocols: 'ipv4',
      myhostname: 'localhost.test',
      mydestination: '',
      mynetworks: '',
      virtual_mailbox_domains: 'example.test',
      virtual_mailbox_base: at('mail'),
      virtual_mailbox_maps: `texthash:${at('mailboxes')}`,
      virtual_minimum_uid: '1',
      virtual_uid_maps: `static:${postfixUser}`,
      virtual_gid_maps: `static:${postfixUser}`,
      local_recipient_maps: '',
      alias_maps: '',
      smtpd_tls_cert_file: at('tls/cert.pem'),
      smtpd_tls_key_file: at('tls/key.pem'),
      smtpd_tls_security_level: 'encrypt',
      smtpd_tls_auth_only: 'yes',
      smtpd_sasl_auth_enable: 'yes',
      smtpd_sasl_type: 'cyrus',
      smtpd_sasl_path: 'smtpd',
      smtpd_sasl_local_domain: 'test',
      smtpd_recipient_restrictions: `check_recipient_access tcp:127.0.0.1:${lookupPort}, permit_sasl_authenticated, reject`,
      smtpd_relay_restrictions: 'permit_sasl_authenticated, reject',
      message_size_limit: '1000000',
      virtual_mailbox_limit: '0',
    };
    writeFileSync(
      at('conf/main.cf'),
      Object.entries(main)
        .map(([key, value]) => `${key} = ${value}\n`)
        .join(''),
    );
    writeFileSync(at('conf/master.cf'), MASTER(this.smtps, this.smtp, this.plain));
    writeFileSync(at('mailboxes'), ['officer', 'manager'].map((user) => `${user}@example.test ${user}/\n`).join(''));
    // Debian's Postfix looks for it in "sasl" beside main.cf.
    const sasl = [
      'pwcheck_method: auxprop',
      'auxprop_plugin: sasldb',
      `sasldb_path: ${at('users/db')}`,
      'mech_list: PLAIN LOGIN',
    ];
    writeFileSync(at('conf/sasl/smtpd.conf'), `${sasl.join('\n')}\n`);
    execFileSync('/usr/sbin/saslpasswd2', ['-p', '-c', '-f', at('users/db'), '-u', 'test', MAIL_USER.username], {
      input: MAIL_USER.password,
    });
    chownSync(at('users/db'), postfixUser, postfixUser);
  }
}
