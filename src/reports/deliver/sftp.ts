/**
 * Files over SFTP to a server whose host key is pinned. A file is written as `{name}.{hash}.part` and gets its name by rename
 * once its bytes were read back and are the right ones, so nobody at the other end ever sees half a file. The hash in the
 * name is that of the whole file: a part that a cut left behind can only be the beginning of the same bytes, and is gone on with.
 */
import { hash } from 'node:crypto';
import SftpClient from 'ssh2-sftp-client';
import { DeliveryFault } from './faults.ts';
import { readOwnFile } from './secret.ts';
import { sftpFault } from './sftp-faults.ts';
import type { ParcelFile, Target } from './target.ts';

export interface SftpOptions {
  readonly name: string;
  readonly url: string;
  /** `SHA256:` and base64 without padding, as `ssh-keygen -lf` prints it. */
  readonly hostKey: string;
  readonly username: string;
  /** One of both. */
  readonly keyFile: string | null;
  readonly passwordFile: string | null;
  readonly folder: string;
  readonly kinds: readonly string[];
  readonly timeoutMs: number;
}

const DEFAULT_PORT = 22;
/** So many silent keep-alives in a row end the connection. */
const KEEP_ALIVES = 3;

export function sftpTarget(options: SftpOptions): Target {
  return {
    name: options.name,
    way: 'sftp',
    kinds: options.kinds,
    async deliver(parcel, progress) {
      await connected(options, async (client) => {
        for (const file of parcel.files) {
          if (progress.has(file.name)) continue;
          await bring(client, options.folder, file);
          await progress.done(file.name);
        }
      });
    },
    async check() {
      await connected(options, async (client) => {
        if ((await client.exists(options.folder)) !== 'd') throw new DeliveryFault('folder_refused', options.folder);
      });
    },
  };
}

async function connected(options: SftpOptions, work: (client: SftpClient) => Promise<void>): Promise<void> {
  const { hostname, port } = new URL(options.url);
  const client = new SftpClient(options.name, {
    // The connection's own events; what they mean also ends the call that is under way.
    error: () => {},
    end: () => {},
    close: () => {},
  });
  let shown = '';
  const hostVerifier = (key: Buffer) => {
    shown = `SHA256:${hash('sha256', key, 'base64').replace(/=+$/, '')}`;
    return shown === options.hostKey;
  };
  try {
    await client.connect({
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? DEFAULT_PORT : Number(port),
      username: options.username,
      ...credentialsOf(options),
      hostVerifier,
      readyTimeout: options.timeoutMs,
      keepaliveInterval: Math.ceil(options.timeoutMs / KEEP_ALIVES),
      keepaliveCountMax: KEEP_ALIVES,
    });
    await work(client);
  } catch (error) {
    if (shown !== '' && shown !== options.hostKey) throw new DeliveryFault('host_key_changed', shown, error);
    throw sftpFault(error);
  } finally {
    await client.end().catch(() => {});
  }
}

function credentialsOf({ keyFile, passwordFile }: SftpOptions): { privateKey: string } | { password: string } {
  if (keyFile !== null) return { privateKey: `${readOwnFile(keyFile, 'secret')}\n` };
  return { password: passwordFile === null ? '' : readOwnFile(passwordFile, 'secret') };
}

async function bring(client: SftpClient, folder: string, file: ParcelFile): Promise<void> {
  const place = `${folder}/${file.name}`;
  // Left by a cut between the rename and our note of it: the same file, no need to send it again.
  if ((await sizeOf(client, place)) === file.bytes.length && (await isSame(client, place, file))) return;
  const part = `${place}.${file.sha256.slice(0, 16)}.part`;
  const there = (await sizeOf(client, part)) ?? 0;
  const from = there <= file.bytes.length ? there : 0;
  if (from < file.bytes.length || there === 0) await write(client, part, file.bytes, from);
  if (!(await isSame(client, part, file))) {
    await client.delete(part, true);
    throw new DeliveryFault('altered', file.name);
  }
  await client.posixRename(part, place);
}

/** Appends what is missing. The client may end well although the server has refused to write, so the size is asked for. */
async function write(client: SftpClient, part: string, bytes: Buffer, from: number): Promise<void> {
  const flags = from === 0 ? 'w' : 'a';
  await client.put(bytes.subarray(from), part, { writeStreamOptions: { flags, mode: 0o640 } });
  const there = await sizeOf(client, part);
  if (there !== bytes.length) throw new DeliveryFault('no_space', `${there ?? 0} of ${bytes.length} bytes were stored`);
}

async function isSame(client: SftpClient, path: string, { sha256 }: ParcelFile): Promise<boolean> {
  const bytes = await client.get(path);
  return Buffer.isBuffer(bytes) && hash('sha256', bytes, 'hex') === sha256;
}

/** Null when there is no such file. */
async function sizeOf(client: SftpClient, path: string): Promise<number | null> {
  return (await client.exists(path)) === '-' ? (await client.stat(path)).size : null;
}
