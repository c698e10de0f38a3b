import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type MailOptions, mailOf, mailTarget } from '../../../src/reports/deliver/mail.ts';
import { MAIL_USER, Postfix } from '../../harness/postfix.ts';
import { missing } from '../../harness/programs.ts';
import { Scene } from '../../harness/scene.ts';
import { bytes, parcel, Steps } from './parcel.ts';

const PARCEL = parcel({ pdf: bytes(30_000), html: Buffer.from('<p>page</p>'), 'html.p7s': bytes(2000) });

test('the same report is the same mail to the byte, with its id as message id', async () => {
  const one = await mailOf(PARCEL, 'gw@example.test', 'officer@example.test');
  expect(await mailOf(PARCEL, 'gw@example.test', 'officer@example.test')).toEqual(one);
  expect(one.toString()).toContain(`Message-ID: <${PARCEL.id}@gw-0042>`);
  expect(one.toString()).toContain('Date: Tue, 24 Nov 2026 05:00:00 +0000');
});

test('a confidential report goes by no mail, whatever was asked', async () => {
  const target = mailTarget({ ...NOBODY, url: 'smtps://127.0.0.1:1' });
  await expect(target.deliver({ ...PARCEL, confidential: true }, new Steps())).rejects.toMatchObject({
    code: 'refused',
  });
});

const NOBODY: MailOptions = {
  name: 'compliance',
  url: '',
  caFile: '',
  username: null,
  passwordFile: null,
  from: 'gw@example.test',
  to: ['officer@example.test'],
  kinds: ['daily'],
  timeoutMs: 10_000,
};

describe.skipIf(missing('postfix', 'openssl'))('a real mail server', () => {
  const scene = new Scene();
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-mail-'));
  let postfix: Postfix;
  let options: MailOptions;

  beforeAll(async () => {
    postfix = await Postfix.start(scene);
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, `${MAIL_USER.password}\n`, { mode: 0o600 });
    writeFileSync(join(folder, 'wrong'), 'wrong\n', { mode: 0o600 });
    const { caFile, smtps } = postfix;
    options = { ...NOBODY, url: `smtps://localhost:${smtps}`, caFile, username: MAIL_USER.username, passwordFile };
  });
  afterAll(async () => {
    await scene.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const fault = async (changes: Partial<MailOptions>, of = PARCEL) =>
    await mailTarget({ ...options, ...changes })
      .deliver(of, new Steps())
      .then(
        () => 'delivered',
        (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
      );

  /** The attachment's bytes as the mail in the mailbox has them. */
  function attached(mail: Buffer, name: string): Buffer {
    const text = mail.toString('latin1');
    const from = text.indexOf(`filename=${name}`);
    const begin = text.indexOf('\n\n', from) + 2;
    return Buffer.from(text.slice(begin, text.indexOf('\n--', begin)), 'base64');
  }

  test.each(['smtps', 'smtp'] as const)('%s: the bytes that arrive are those that were made', async (way) => {
    const before = postfix.mails('officer').length;
    await mailTarget({ ...options, url: `${way}://localhost:${postfix[way]}` }).deliver(PARCEL, new Steps());
    const mail = await vi.waitUntil(() => postfix.mails('officer')[before], { timeout: 20_000 });
    for (const { name, bytes: made } of PARCEL.files) expect(attached(mail, name).equals(made)).toBe(true);
    expect(mail.toString('latin1')).toMatch(/with ESMTPSA/);
  });

  test('a full mailbox is told as such; the others have got theirs and do not get it twice', async () => {
    postfix.refuse('manager', '452 4.2.2 Mailbox full');
    const steps = new Steps();
    const target = mailTarget({ ...options, to: ['officer@example.test', 'manager@example.test'] });
    const before = postfix.mails('officer').length;
    await expect(target.deliver(PARCEL, steps)).rejects.toMatchObject({ code: 'mailbox_full' });
    postfix.refuse('manager', null);
    await target.deliver(PARCEL, steps);
    await vi.waitUntil(() => postfix.mails('manager').length === 1, { timeout: 20_000 });
    expect(postfix.mails('officer')).toHaveLength(before + 1);
  });

  test('each fault has a name of its own', async () => {
    expect(await fault({ passwordFile: join(folder, 'wrong') })).toBe('bad_credentials');
    expect(await fault({ passwordFile: join(folder, 'nothing') })).toBe('secret_unreadable');
    expect(await fault({ caFile: postfix.strangerFile })).toBe('certificate_wrong');
    expect(await fault({ url: `smtps://127.0.0.1:${postfix.smtps}` })).toBe('certificate_wrong');
    expect(await fault({ url: `smtp://localhost:${postfix.plain}` })).toBe('tls_missing');
    expect(await fault({ url: `smtps://localhost:${postfix.plain}` })).toBe('tls_missing');
    expect(await fault({ to: ['nobody@example.test'] })).toBe('recipient_refused');
    expect(await fault({}, parcel({ pdf: bytes(1_200_000) }))).toBe('too_large');
    postfix.refuse('officer', '552 5.2.2 Over quota');
    expect(await fault({})).toBe('mailbox_full');
    postfix.refuse('officer', null);
    expect(await fault({ url: 'smtps://localhost:1' })).toBe('unreachable');
  });

  test('without TLS not even a user name is said', async () => {
    const heard: string[] = [];
    const server = createServer((socket) => {
      socket.write('220 plain\r\n');
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        heard.push(chunk.toString());
        // Offers AUTH and no STARTTLS, as somebody on the way would.
        socket.write(/^EHLO/.test(chunk.toString()) ? '250-plain\r\n250 AUTH PLAIN LOGIN\r\n' : '502 no\r\n');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    expect(await fault({ url: `smtp://127.0.0.1:${port}` })).toBe('tls_missing');
    expect(heard.join('')).not.toMatch(/AUTH|MAIL/);
    await new Promise((resolve) => server.close(resolve));
  });

  test('a check sends nothing', async () => {
    const before = postfix.mails('officer').length;
    await mailTarget(options).check();
    await expect(mailTarget({ ...options, passwordFile: join(folder, 'wrong') }).check()).rejects.toMatchObject({
      code: 'bad_credentials',
    });
    expect(postfix.mails('officer')).toHaveLength(before);
  });
});
