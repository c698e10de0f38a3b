/** OpenSSH as a file server of somebody else: one account that can do nothing but SFTP, in a folder of the test. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from './brokers.ts';
import { Program } from './program.ts';
import type { Scene } from './scene.ts';

export class SftpServer {
  readonly #folder: string;
  readonly port: number;
  /** Where the account's files are. */
  readonly files: string;
  /** The account's private key, and one that the server does not know. */
  readonly keyFile: string;
  readonly strangerKeyFile: string;
  readonly username = userInfo().username;
  #program: Program | null = null;

  private constructor(folder: string, files: string, port: number) {
    this.#folder = folder;
    this.files = files;
    this.port = port;
    this.keyFile = join(folder, 'user');
    this.strangerKeyFile = join(folder, 'stranger');
  }

  static async start(scene: Scene, files?: string): Promise<SftpServer> {
    const folder = scene.folder();
    chmodSync(folder, 0o755);
    const place = files ?? join(folder, 'files');
    mkdirSync(place, { recursive: true });
    const server = new SftpServer(folder, place, await freePort());
    for (const name of ['user', 'stranger']) keygen(join(folder, name));
    server.newHostKey();
    scene.onClose(() => server.stop());
    await server.up();
    return server;
  }

  newHostKey(): void {
    const path = join(this.#folder, 'host');
    execFileSync('rm', ['-f', path, `${path}.pub`]);
    keygen(path);
  }

  /** As `ssh-keygen -lf` prints it. */
  get fingerprint(): string {
    const line = execFileSync('ssh-keygen', ['-lf', join(this.#folder, 'host.pub')], { encoding: 'utf8' });
    return line.split(' ')[1] ?? '';
  }

  async up(): Promise<void> {
    if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true });
    const config = [
      `ListenAddress 127.0.0.1:${this.port}`,
      `HostKey ${join(this.#folder, 'host')}`,
      `AuthorizedKeysFile ${join(this.#folder, 'user.pub')}`,
      `PidFile ${join(this.#folder, 'pid')}`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      'AllowTcpForwarding no',
      'Subsystem sftp internal-sftp',
      `ForceCommand internal-sftp -d ${this.files}`,
    ];
    const path = join(this.#folder, 'sshd_config');
    writeFileSync(path, `${config.join('\n')}\n`);
    // It tells that it listens on standard error.
    this.#program = Program.start('sh', ['-c', 'exec /usr/sbin/sshd -D -e -f "$0" 2>&1', path]);
    await this.#program.line((line) => line.includes('Server listening'), 'sshd listening');
  }

  async stop(): Promise<void> {
    const program = this.#program;
    this.#program = null;
    await program?.stop('SIGTERM');
  }

  file(name: string): Buffer {
    return readFileSync(join(this.files, name));
  }
}

function keygen(path: string): void {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path]);
}
