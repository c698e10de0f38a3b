/** What waits for a person, seen and ended from the command line of the box, with the real gateway and the reference PMS. */
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gatewayStatusSchema } from '../../src/health/status-schema.ts';
import type { Receipt } from '../../src/record/lane-wire.ts';
import { checkBuffer } from '../harness/checker/check.ts';
import { counterfoil, type Said } from '../harness/command.ts';
import { Gateway } from '../harness/gateway.ts';
import { publish, readReceipts } from '../harness/mosquitto.ts';
import { missing } from '../harness/programs.ts';
import { aRecord, wire } from '../harness/records.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { type Signer, type TestRoster, writeRoster } from '../harness/roster.ts';
import { Scene } from '../harness/scene.ts';
import { entriesOf } from '../harness/trail-entries.ts';

let scene: Scene;
let roster: TestRoster;
beforeEach(() => {
  scene = new Scene();
  roster = writeRoster(scene.folder());
});
afterEach(() => scene.close());

const started = (pmsUrl?: string) =>
  Gateway.start(scene, {
    ...(pmsUrl === undefined ? {} : { pmsUrl }),
    config: { schedule_two: { roster_file: roster.file } },
  });

const MEANING = 'checked against the paper prescription';
const review = (gateway: Gateway, ...args: string[]) => counterfoil('review', ...args, '--data-dir', gateway.dataDir);
const asSigner = ({ kid, keyFile }: Signer, ...more: string[]) => [
  '--kid',
  kid,
  '--key',
  keyFile,
  '--meaning',
  MEANING,
  ...more,
];

/** What waits, as `STATE name`. */
async function waiting(gateway: Gateway): Promise<string[]> {
  const { output } = await review(gateway, 'list', '--json');
  const { items } = JSON.parse(output) as { items: { of: string; number: number; state: string }[] };
  return items.map(({ of, number, state }) => `${state} ${of === 'evidence' ? 'e' : ''}${number}`);
}

/** Resolves once status counts so many publishes that wait for a person. */
async function openPublishes(gateway: Gateway, refused: number, conflicts: number): Promise<void> {
  const counts = (body: Record<string, unknown>) => {
    const { records } = gatewayStatusSchema.parse(body);
    return records?.refused_open === refused && records.conflict_open === conflicts;
  };
  await gateway.getOnce('/api/v1/status', counts, `${refused} refused and ${conflicts} conflicts`);
}

/** Bodies of the entries of this kind in both trails. */
const entries = (gateway: Gateway, kind: string) =>
  (['audit', 'schedule_two'] as const).flatMap((log) => entriesOf(gateway.bufferFile, kind, log));

describe.skipIf(missing('mosquitto_pub', 'mosquitto_sub'))('publishes that became no record', () => {
  /** One refused publish (e1) and one conflict (e2) of the record 1. */
  async function withEvidence(): Promise<Gateway> {
    const gateway = await started();
    const record = aRecord({ schedule: 'II' });
    await publish(gateway, 'till', '{"idempotency_key":"not-a-record","note":"\u001b[2Jred\u0007"}');
    await publish(gateway, 'till', wire(record));
    await publish(gateway, 'till', wire({ ...record, quantity: 31 }));
    return gateway;
  }

  test('are listed without content, shown with it, and each look leaves a trace', async () => {
    const gateway = await withEvidence();
    const list = await review(gateway, 'list');
    expect(list).toMatchObject({ code: 0, errors: '' });
    expect(list.output).toMatch(/^e1 +REFUSED +- +till .* not_json/m);
    expect(list.output).toMatch(/^e2 +CONFLICT +- +till /m);
    expect(list.output).not.toMatch(/not-a-record|RX-/);
    expect(entries(gateway, 'access')).toEqual([]);

    const refused = await review(gateway, 'show', 'e1');
    expect(refused.output).toContain('"idempotency_key":"not-a-record"');
    const conflict = await review(gateway, 'show', 'e2');
    expect(conflict.output).toContain('The key belongs to record 1.');
    // Bytes that would steer a terminal are written out.
    expect(refused.output).toMatch(/\\u\{1b\}\[2Jred\\u\{7\}/);
    expect(entries(gateway, 'access')).toMatchObject([
      { of: 'evidence', number: 1, by: expect.any(String) },
      { of: 'evidence', number: 2 },
    ]);
    expect(gateway.output).not.toMatch(/not-a-record|RX-/);
  });

  test('end by one signed act over the list, and are out of health then', async () => {
    const gateway = await withEvidence();
    await openPublishes(gateway, 1, 1);
    const all = ['--all', '--state', 'refused', '--state', 'conflict'];
    const act = await review(gateway, 'dismiss', ...all, '--yes', ...asSigner(roster.rita));
    expect(act).toMatchObject({ code: 0, output: expect.stringMatching(/^dismissed e1, e2\nact [0-9a-f-]{36}, /) });
    expect(act.errors).toMatch(/^e1 .*\ne2 [\s\S]*Rita Reviewer \(key rita\) signs: dismiss 2 items/m);
    expect(await waiting(gateway)).toEqual([]);
    await openPublishes(gateway, 0, 0);
    // One entry in each trail: the conflict is about a Schedule II record.
    const signed = { by: 'Rita Reviewer', key_id: 'rita', meaning: MEANING };
    expect(entries(gateway, 'review')).toMatchObject([signed, signed]);
  });

  test('with a P-256 key that has a passphrase, and for programs', async () => {
    const gateway = await withEvidence();
    const { rosa } = roster;
    const args = ['dismiss', 'e1', '--yes', '--json', ...asSigner(rosa)];
    const alone = await review(gateway, ...args);
    expect(alone).toMatchObject({ code: 2, errors: expect.stringContaining('nobody to ask for it') });
    writeFileSync(join(gateway.folder, 'wrong'), 'wrong', { mode: 0o600 });
    const wrong = await review(gateway, ...args, '--passphrase-file', join(gateway.folder, 'wrong'));
    expect(wrong).toMatchObject({ code: 2, errors: expect.stringContaining('does not open') });
    const act = await review(gateway, ...args, '--passphrase-file', rosa.passphraseFile);
    expect(act.code).toBe(0);
    expect(JSON.parse(act.output)).toMatchObject({ step: 'dismiss', moved: [], trail: { log: 'audit' } });
    expect(await waiting(gateway)).toEqual(['CONFLICT e2']);
  });

  test('and what may not be done is refused with a reason and a remedy', async () => {
    const gateway = await withEvidence();
    const refused = async (said: Promise<Said>, code: number, says: RegExp) => {
      expect(await said).toMatchObject({ code, errors: expect.stringMatching(says) });
    };
    await refused(
      review(gateway, 'dismiss', 'e1', ...asSigner(roster.rita)),
      2,
      /nobody to confirm this\nhint: .*--yes/,
    );
    await refused(review(gateway, 'dismiss', 'e1', '--yes', ...asSigner(roster.paul)), 1, /does not have the role/);
    await refused(review(gateway, 'dismiss', 'e1', '--yes', ...asSigner(roster.stranger)), 1, /does not have this key/);
    const forged = { kid: 'rita', keyFile: roster.stranger.keyFile };
    await refused(
      review(gateway, 'dismiss', 'e1', '--yes', ...asSigner(forged)),
      1,
      /not this key’s over this statement/,
    );
    await refused(review(gateway, 'release', 'e1', '--yes', ...asSigner(roster.rita)), 1, /cannot be ended by release/);
    await refused(review(gateway, 'dismiss', 'e7', '--yes', ...asSigner(roster.rita)), 1, /e7 does not wait/);
    await refused(review(gateway, 'dismiss', '--yes', ...asSigner(roster.rita)), 2, /which items\?/);
    expect(await waiting(gateway)).toEqual(['REFUSED e1', 'CONFLICT e2']);
    expect(entries(gateway, 'review')).toEqual([]);
  });
});

describe.skipIf(missing('mosquitto_pub', 'mosquitto_sub'))('a Schedule II record without signature', () => {
  test('is held until a pharmacist releases it, or a reviewer ends it', async () => {
    const pms = await PmsProcess.start(scene);
    const config = { schedule_two: { roster_file: roster.file, signature: 'required' } };
    const gateway = await Gateway.start(scene, { pmsUrl: pms.url, config });
    const receipts = await readReceipts(scene, gateway, 'till');
    const two = () => aRecord({ schedule: 'II' });
    const [released, dismissed, replaced] = [two(), two(), two()];
    const other = aRecord();
    for (const record of [released, dismissed, replaced, other]) await publish(gateway, 'till', wire(record));
    for (const record of [released, dismissed, replaced]) await receipts.withStatus(record.idempotency_key, 'held');
    await receipts.withStatus(other.idempotency_key, 'synced');
    expect(await waiting(gateway)).toEqual(['HELD 1', 'HELD 2', 'HELD 3']);
    const atPms = () =>
      pms.query<{ key: string }>('SELECT idempotency_key AS key FROM records ORDER BY id').map(({ key }) => key);
    expect(atPms()).toEqual([other.idempotency_key]);

    const release = await review(gateway, 'release', '1', '--yes', ...asSigner(roster.paul));
    expect(release).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^released 1\nact .*schedule_two trail entry/),
    });
    await receipts.withStatus(released.idempotency_key, 'synced');
    const byPaul = await review(gateway, 'dismiss', '2', '--yes', ...asSigner(roster.paul));
    expect(byPaul).toMatchObject({ code: 1, errors: expect.stringContaining('does not have the role') });
    await review(gateway, 'dismiss', '2', '--yes', ...asSigner(roster.rita));
    await receipts.withStatus(dismissed.idempotency_key, 'resolved');

    // What takes the place of a held record is judged like any other: without a signature it is held too.
    const file = join(gateway.folder, 'corrected.json');
    const corrected = aRecord({ schedule: 'II', refers_to: replaced.idempotency_key });
    writeFileSync(file, wire(corrected));
    const resolve = await review(gateway, 'resolve', '3', '--record', file, '--yes', ...asSigner(roster.rita));
    expect(resolve.output).toMatch(/corrected record admitted as 5, HELD, signature_missing/);
    await review(gateway, 'release', '--all', '--state', 'HELD', '--yes', ...asSigner(roster.rita));
    expect(await waiting(gateway)).toEqual([]);
    await receipts.withStatus(corrected.idempotency_key, 'synced');
    expect(atPms()).toEqual([other, released, corrected].map((record) => record.idempotency_key));

    await gateway.stop();
    const hashes = (seen: readonly Receipt[]) => new Set(seen.map((receipt) => receipt.lane_hash ?? ''));
    const problems = checkBuffer(gateway.dataDir, {
      published: hashes(receipts.all),
      acknowledged: hashes(receipts.all),
      sequences: new Map(receipts.all.map((receipt) => [receipt.lane_hash ?? '', receipt.sequence ?? 0])),
      synced: hashes(receipts.all.filter(({ status }) => status === 'synced')),
    });
    expect(problems).toEqual([]);
  });
});

describe.skipIf(missing('mosquitto_pub', 'mosquitto_sub'))('a record the PMS refused', () => {
  test('is resolved by a corrected one: the lane hears of it, the PMS gets it', async () => {
    const pms = await PmsProcess.start(scene, { faults: ['reject_every_nth=2'] });
    const gateway = await started(pms.url);
    const receipts = await readReceipts(scene, gateway, 'till');
    const [good, bad] = [aRecord(), aRecord()];
    for (const record of [good, bad]) await publish(gateway, 'till', wire(record));
    await receipts.withStatus(bad.idempotency_key, 'rejected');
    expect(await waiting(gateway)).toEqual(['REJECTED 2']);

    const corrected = aRecord({ refers_to: bad.idempotency_key, quantity: 28 });
    const file = join(gateway.folder, 'corrected.json');
    writeFileSync(file, wire({ ...corrected, refers_to: good.idempotency_key }));
    const args = ['resolve', '2', '--record', file, '--yes', ...asSigner(roster.rita)];
    expect(await review(gateway, ...args)).toMatchObject({
      code: 1,
      errors: expect.stringContaining('does not refer to'),
    });
    writeFileSync(file, wire(corrected));
    expect(await review(gateway, ...args)).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^resolved 2\ncorrected record admitted as 3, PENDING\n/),
    });
    expect(await receipts.withStatus(bad.idempotency_key, 'resolved')).toMatchObject({
      state: 'RESOLVED',
      sequence: 2,
    });
    await receipts.withStatus(corrected.idempotency_key, 'synced');
    const rows = pms.query<{ key: string }>('SELECT idempotency_key AS key FROM records ORDER BY id');
    expect(rows.map(({ key }) => key)).toEqual([good.idempotency_key, corrected.idempotency_key]);
    expect(await waiting(gateway)).toEqual([]);
  });
});

describe('the control socket', () => {
  test('is for the gateway’s own user, survives a kill, and goes with a clean end', async () => {
    const gateway = await started();
    const socket = join(gateway.dataDir, 'run/control.sock');
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect(statSync(join(gateway.dataDir, 'run')).mode & 0o777).toBe(0o700);
    await gateway.restart('SIGKILL');
    expect(await review(gateway, 'list')).toMatchObject({ code: 0, output: 'nothing waits for a person' });
    await gateway.stop();
    expect(() => statSync(socket)).toThrow('ENOENT');
    expect(await review(gateway, 'list')).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/no gateway is running on [\s\S]*hint: .*counterfoil run/),
    });
  });

  test('whose path is too long keeps no lane out, and the log says what cannot be done', async () => {
    const folder = join(scene.folder(), 'd'.repeat(90));
    const gateway = await Gateway.start(scene, { folder });
    const line = await gateway.logged(({ msg }) => msg.startsWith('no control socket'), 'a line about the socket');
    expect(line).toMatchObject({ level: 'error', hint: expect.stringContaining('shorter data_dir') });
    expect((await gateway.get('/readyz')).status).toBe(200);
  });

  test('without a roster: how to make one', async () => {
    const gateway = await Gateway.start(scene);
    await publish(gateway, 'till', 'no json');
    const said = await review(gateway, 'dismiss', 'e1', '--yes', ...asSigner(roster.rita));
    expect(said).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/no roster is configured.*\nhint: .*roster keygen/),
    });
  });
});
