/** A report from the gateway to those it is for: signed by the box and by a person, brought by mail and SFTP, and checked. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { counterfoil } from '../harness/command.ts';
import { Gateway, STORE } from '../harness/gateway.ts';
import { publish } from '../harness/mqtt-wire.ts';
import { MAIL_USER, Postfix } from '../harness/postfix.ts';
import { missing } from '../harness/programs.ts';
import { RawLane } from '../harness/raw-lane.ts';
import { aRecord, wire } from '../harness/records.ts';
import { type TestRoster, writeRoster } from '../harness/roster.ts';
import { Scene } from '../harness/scene.ts';
import { SftpServer } from '../harness/sshd.ts';
import { entriesOf } from '../harness/trail-entries.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const WAIT = { timeout: 30_000, interval: 100 };
const PRESCRIPTION = 'RX-MARKED-4711';
const hour = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
const config = (gateway: Gateway): string[] => ['--config', join(gateway.folder, 'gateway.yaml')];

interface Made {
  readonly id: string;
  readonly folder: string;
}

async function make(gateway: Gateway, kind: string): Promise<Made> {
  const said = await counterfoil(
    'report',
    'run',
    kind,
    ...config(gateway),
    '--from',
    hour(-1),
    '--to',
    hour(1),
    '--json',
  );
  expect(said).toMatchObject({ code: 0 });
  return JSON.parse(said.output) as Made;
}

async function sell(gateway: Gateway): Promise<void> {
  const lane = await RawLane.ready(scene, gateway, 'till');
  const payload = wire(aRecord({ schedule: 'II', prescription_id: PRESCRIPTION }));
  lane.send(publish({ topic: `pos/${STORE}/till/records`, payload, id: 1 }));
  expect(await lane.acknowledged(1)).toBe(true);
}

const verify = (file: string, ...args: string[]) => counterfoil('report', 'verify', file, ...args);

describe.skipIf(missing('pdfsig'))('signed, by the box and by a person', () => {
  let gateway: Gateway;
  let roster: TestRoster;
  beforeEach(async () => {
    const folder = scene.folder();
    roster = writeRoster(folder);
    gateway = await Gateway.start(scene, { folder, config: { schedule_two: { roster_file: roster.file } } });
    await sell(gateway);
  });

  test('a person signs; name, time and meaning are on both pages, in the trail, and hold', async () => {
    const { id, folder } = await make(gateway, 'inspection');
    const args = [
      '--key',
      roster.rita.keyFile,
      '--kid',
      roster.rita.kid,
      '--meaning',
      'Reviewed and approved',
      '--yes',
    ];
    const refused = await counterfoil(
      'report',
      'sign',
      id,
      ...config(gateway),
      ...args.with(1, roster.stranger.keyFile),
    );
    expect(refused).toMatchObject({ code: 1, errors: expect.stringContaining('not this key’s') });
    const said = await counterfoil('report', 'sign', id, ...config(gateway), ...args, '--json');
    expect(said).toMatchObject({ code: 0 });
    const edition = JSON.parse(said.output) as Made;
    expect(edition.id).toBe(`${id}-s1`);
    for (const words of ['Rita Reviewer', 'Reviewed and approved']) {
      expect(readFileSync(join(edition.folder, 'report.html'), 'utf8')).toContain(words);
      expect(execFileSync('pdftotext', [join(edition.folder, 'report.pdf'), '-'], { encoding: 'utf8' })).toContain(
        words,
      );
      expect(readFileSync(join(folder, 'report.html'), 'utf8')).not.toContain(words);
    }
    expect(entriesOf(gateway.bufferFile, 'report_signed')).toMatchObject([
      { by: 'Rita Reviewer', id, meaning: 'Reviewed and approved' },
    ]);
    for (const file of ['report.pdf', 'report.html', 'figures.json']) {
      const verdict = await verify(join(edition.folder, file), ...config(gateway));
      expect(verdict).toMatchObject({ code: 0 });
      expect(verdict.output).not.toMatch(/DOES NOT|unknown/);
      expect(verdict.output).toMatch(/holds\s+Rita Reviewer signed it/);
    }
  });

  test('what does not hold is told in words: a changed page, another trail, an unknown key', async () => {
    const { folder } = await make(gateway, 'inspection');
    const pdf = join(folder, 'report.pdf');
    const good = await verify(folder, ...config(gateway));
    expect(good).toMatchObject({
      code: 0,
      output: expect.stringMatching(/holds\s+Counted again from the trail, every figure/),
    });

    const elsewhere = scene.folder();
    writeFileSync(join(elsewhere, 'r.pdf'), readFileSync(pdf));
    const alone = await verify(join(elsewhere, 'r.pdf'), '--no-trail');
    expect(alone).toMatchObject({ code: 1, output: expect.stringMatching(/unknown\s+Whose key that is/) });
    const root = join(gateway.dataDir, 'report-signer/certificates.pem');
    expect(await verify(join(elsewhere, 'r.pdf'), '--no-trail', '--ca', root)).toMatchObject({ code: 0 });

    const changed = readFileSync(pdf);
    changed[changed.length - 20] = (changed[changed.length - 20] ?? 0) ^ 1;
    writeFileSync(join(elsewhere, 'c.pdf'), changed);
    expect(await verify(join(elsewhere, 'c.pdf'), '--no-trail', '--ca', root)).toMatchObject({
      code: 1,
      output: expect.stringContaining('DOES NOT'),
    });

    const other = await Gateway.start(scene, { config: { gateway: { store: STORE, id: 'gw-other' } } });
    await other.stop();
    const wrong = await verify(pdf, ...config(gateway), '--trail', join(other.dataDir, 'trail'));
    expect(wrong).toMatchObject({
      code: 1,
      output: expect.stringMatching(/DOES NOT\s+Counted again from the trail, figures differ/),
    });
  });
});

describe.skipIf(missing('postfix', 'sshd', 'openssl'))('brought out', () => {
  let folder: string;
  let postfix: Postfix;
  let server: SftpServer;
  beforeEach(async () => {
    folder = scene.folder();
    [postfix, server] = [await Postfix.start(scene), await SftpServer.start(scene)];
    writeFileSync(join(folder, 'password'), `${MAIL_USER.password}\n`, { mode: 0o600 });
  });

  const deliver = () => ({
    retry_seconds: 1,
    retry_longest_seconds: 1,
    timeout_seconds: 10,
    mail: [
      {
        name: 'compliance',
        url: `smtps://localhost:${postfix.smtps}`,
        ca_file: postfix.caFile,
        username: MAIL_USER.username,
        password_file: join(folder, 'password'),
        from: 'gw-0042@example.test',
        to: ['officer@example.test'],
      },
    ],
    sftp: [
      {
        name: 'board',
        url: `sftp://127.0.0.1:${server.port}`,
        host_key: server.fingerprint,
        username: server.username,
        key_file: server.keyFile,
      },
    ],
  });
  const start = () => Gateway.start(scene, { folder, config: { reports: { deliver: deliver() } } });
  const delivered = (gateway: Gateway) =>
    entriesOf(gateway.bufferFile, 'report_delivery').filter(({ step }) => step === 'delivered');
  const messageIds = () =>
    postfix.mails('officer').map((mail) => /^Message-ID: <(.+)@/m.exec(mail.toString('latin1'))?.[1]);

  test('what arrives is what was made; a register goes by SFTP and by no mail', async () => {
    const gateway = await start();
    expect(await counterfoil('report', 'deliver', '--check', ...config(gateway))).toMatchObject({ code: 0 });
    await sell(gateway);
    const pack = await make(gateway, 'inspection');
    const register = await make(gateway, 'schedule_two');
    await vi.waitUntil(() => delivered(gateway).length === 3, WAIT);
    await vi.waitUntil(() => postfix.mails('officer').length === 1, WAIT);
    expect(messageIds()).toEqual([pack.id]);
    expect(postfix.mails('officer').join('')).not.toContain('MARKED');
    for (const { id, folder: place } of [pack, register]) {
      for (const [name, outside] of [
        ['report.pdf', 'pdf'],
        ['report.html', 'html'],
        ['report.html.p7s', 'html.p7s'],
        ['figures.json', 'figures.json'],
        ['figures.json.p7s', 'figures.json.p7s'],
      ]) {
        expect(server.file(`${id}.${outside}`).equals(readFileSync(join(place, name ?? '')))).toBe(true);
      }
    }
    // What came by SFTP proves itself on another machine, with the root alone.
    const root = join(gateway.dataDir, 'report-signer/certificates.pem');
    for (const end of ['pdf', 'html', 'figures.json']) {
      const args = ['--ca', root, '--trail', join(gateway.dataDir, 'trail')];
      expect(await verify(join(server.files, `${pack.id}.${end}`), ...args)).toMatchObject({ code: 0 });
    }
  });

  test('each trouble is told with its remedy, nothing is lost, and it arrives once the trouble is over', async () => {
    postfix.refuse('officer', '452 4.2.2 Mailbox full');
    const { fingerprint } = server;
    await server.stop();
    server.newHostKey();
    await server.up();
    const changed = server.fingerprint;
    const section = deliver();
    const [board] = section.sftp;
    const options = { ...section, sftp: [{ ...board, host_key: fingerprint }] };
    const gateway = await Gateway.start(scene, { folder, config: { reports: { deliver: options } } });
    const pack = await make(gateway, 'inspection');
    const troubles = await vi.waitUntil(async () => {
      const { checks } = (await (await fetch(`${gateway.http}/health`)).json()) as {
        checks: Record<string, { componentId: string; observedValue: string; output?: string }[]>;
      };
      const found = checks['reports:delivery'] ?? [];
      return found.every(({ output }) => output !== undefined) ? found : null;
    }, WAIT);
    expect(troubles.map(({ observedValue }) => observedValue).sort()).toEqual(['host_key_changed', 'mailbox_full']);
    const { output } = await counterfoil('report', 'outbox', ...config(gateway));
    expect(output).toMatch(/board .*another host key/);
    expect(output).toMatch(/compliance .*mailbox at the other end is full/);
    expect(readdirSync(server.files)).toEqual([]);

    await gateway.kill();
    postfix.refuse('officer', null);
    const after = await Gateway.start(scene, {
      folder,
      config: { reports: { deliver: { ...section, sftp: [{ ...board, host_key: changed }] } } },
    });
    await vi.waitUntil(() => delivered(after).length === 2, WAIT);
    expect(readdirSync(server.files)).toContain(`${pack.id}.pdf`);
    await vi.waitUntil(() => messageIds().length === 1, WAIT);
  });

  test('killed between upload and rename: the next one renames what is there', async () => {
    const gateway = await start();
    await gateway.stop();
    // A report is made while the gateway is stopped, so that its name is known before anything is sent.
    const { id } = await make(gateway, 'inspection');
    const inTheWay = join(server.files, `${id}.pdf`);
    mkdirSync(join(inTheWay, 'full'), { recursive: true });
    await gateway.start();
    const part = await vi.waitUntil(() => readdirSync(server.files).find((name) => name.endsWith('.part')), WAIT);
    await gateway.logged(({ to, level }) => to === 'board' && level === 'warn', 'the failed rename');
    await gateway.kill();
    expect(readdirSync(server.files).sort()).toEqual([`${id}.pdf`, part].sort());
    rmSync(inTheWay, { recursive: true });
    await gateway.start();
    await vi.waitUntil(() => delivered(gateway).some(({ target }) => target === 'board'), WAIT);
    expect(server.file(`${id}.pdf`).equals(readFileSync(join(gateway.dataDir, 'reports', id, 'report.pdf')))).toBe(
      true,
    );
    expect(readdirSync(server.files).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('killed between an accepted mail and our note of it: sent again as the same mail', async () => {
    const gateway = await start();
    const { id } = await make(gateway, 'inspection');
    await vi.waitUntil(() => delivered(gateway).length === 2 && postfix.mails('officer').length === 1, WAIT);
    await gateway.kill();
    // As the power leaves it: the mail is accepted, the job as it was before.
    const job = join(gateway.dataDir, 'reports/.outbox', `${id}.compliance.json`);
    const state = JSON.parse(readFileSync(job, 'utf8'));
    writeFileSync(job, JSON.stringify({ ...state, steps: [], delivered_ms: null }));
    await gateway.start();
    await vi.waitUntil(() => postfix.mails('officer').length === 2, WAIT);
    expect(messageIds()).toEqual([id, id]);
    const [one, other] = postfix
      .mails('officer')
      .map((mail) => mail.subarray(mail.indexOf('From: ')).toString('latin1'));
    expect(one).toBe(other);
  });
});
