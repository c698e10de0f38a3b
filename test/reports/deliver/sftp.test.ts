import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SftpOptions, sftpTarget } from '../../../src/reports/deliver/sftp.ts';
import { CuttingProxy } from '../../harness/cutting-proxy.ts';
import { missing } from '../../harness/programs.ts';
import { Scene } from '../../harness/scene.ts';
import { SmallDisk } from '../../harness/small-disk.ts';
import { SftpServer } from '../../harness/sshd.ts';
import { bytes, parcel, Steps } from './parcel.ts';

const LARGE = bytes(600_000);
const PARCEL = parcel({ pdf: LARGE, html: Buffer.from('<p>page</p>'), 'html.p7s': bytes(2000) });

describe.skipIf(missing('sshd'))('a real SFTP server', () => {
  const scene = new Scene();
  let server: SftpServer;
  let options: SftpOptions;

  beforeAll(async () => {
    server = await SftpServer.start(scene);
    options = {
      name: 'board',
      url: `sftp://127.0.0.1:${server.port}`,
      hostKey: server.fingerprint,
      username: server.username,
      keyFile: server.keyFile,
      passwordFile: null,
      folder: '.',
      kinds: ['daily'],
      timeoutMs: 10_000,
    };
  });
  afterAll(() => scene.close());

  const clear = () => {
    for (const name of readdirSync(server.files)) rmSync(join(server.files, name), { recursive: true });
  };
  const fault = async (changes: Partial<SftpOptions>, of = PARCEL) =>
    await sftpTarget({ ...options, ...changes })
      .deliver(of, new Steps())
      .then(
        () => 'delivered',
        (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
      );
  const expectAllThere = () => {
    expect(readdirSync(server.files).sort()).toEqual(PARCEL.files.map(({ name }) => name).sort());
    for (const { name, bytes: made } of PARCEL.files) expect(server.file(name).equals(made)).toBe(true);
  };

  test('the files arrive with their bytes, and nothing else', async () => {
    clear();
    const steps = new Steps();
    await sftpTarget(options).deliver(PARCEL, steps);
    expectAllThere();
    expect(steps.steps).toEqual(PARCEL.files.map(({ name }) => name));
  });

  test('again after a cut between the rename and our note of it: the same files', async () => {
    await sftpTarget(options).deliver(PARCEL, new Steps());
    expectAllThere();
  });

  test('after a cut in the middle it goes on where it was', async () => {
    clear();
    const proxy = await CuttingProxy.start(scene, server.port, 400_000);
    expect(await fault({ url: `sftp://127.0.0.1:${proxy.port}` })).toBe('unreachable');
    const [part, ...more] = readdirSync(server.files);
    expect(more).toEqual([]);
    expect(part).toMatch(/\.pdf\.[0-9a-f]{16}\.part$/);
    const there = server.file(part ?? '').length;
    expect(there).toBeGreaterThan(0);
    // The rest alone fits through the same line.
    expect(await fault({ url: `sftp://127.0.0.1:${proxy.port}` })).toBe('delivered');
    expectAllThere();
  });

  test('a part that is not the beginning of the file is found and made anew', async () => {
    clear();
    const [file] = PARCEL.files;
    if (file === undefined) throw new Error('no file');
    const part = join(server.files, `${file.name}.${file.sha256.slice(0, 16)}.part`);
    writeFileSync(part, bytes(1000).fill(7));
    expect(await fault({})).toBe('altered');
    expect(await fault({})).toBe('delivered');
    expectAllThere();
  });

  test('each fault has a name of its own', async () => {
    expect(await fault({ keyFile: server.strangerKeyFile })).toBe('bad_credentials');
    expect(await fault({ keyFile: `${server.keyFile}-nothing` })).toBe('secret_unreadable');
    expect(await fault({ folder: 'nowhere' })).toBe('folder_refused');
    expect(await fault({ url: 'sftp://127.0.0.1:1' })).toBe('unreachable');
    await expect(sftpTarget({ ...options, folder: 'nowhere' }).check()).rejects.toMatchObject({
      code: 'folder_refused',
    });
    await sftpTarget(options).check();
  });

  test('another host key: nothing is sent, and the key it showed is told', async () => {
    clear();
    await server.stop();
    server.newHostKey();
    await server.up();
    await expect(sftpTarget(options).deliver(PARCEL, new Steps())).rejects.toMatchObject({
      code: 'host_key_changed',
      detail: server.fingerprint,
    });
    expect(readdirSync(server.files)).toEqual([]);
    options = { ...options, hostKey: server.fingerprint };
    expect(await fault({})).toBe('delivered');
  });

  test('a server that is dead and comes back', async () => {
    clear();
    await server.stop();
    expect(await fault({})).toBe('unreachable');
    await server.up();
    expect(await fault({})).toBe('delivered');
    expectAllThere();
  });

  test.skipIf(missing('root with loop devices'))('a full disk at the other end', async () => {
    const disk = SmallDisk.mount(scene, 2);
    const full = await SftpServer.start(scene, join(disk.path, 'files'));
    mkdirSync(full.files, { recursive: true });
    const there = { url: `sftp://127.0.0.1:${full.port}`, hostKey: full.fingerprint, keyFile: full.keyFile };
    expect(await fault(there, parcel({ pdf: bytes(3_000_000) }))).toBe('no_space');
    expect(readdirSync(full.files).every((name) => name.endsWith('.part'))).toBe(true);
  });
});
