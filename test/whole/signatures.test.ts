/** Schedule II signatures: real gateway, real lanes, reference PMS; signatures made without the product's code. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Receipt } from '../../src/record/lane-wire.ts';
import { COUNTERFOIL, Gateway, ROOT, STORE } from '../harness/gateway.ts';
import { PahoLane } from '../harness/paho.ts';
import { Program } from '../harness/program.ts';
import { missing } from '../harness/programs.ts';
import { aRecord, type SentRecord, wire } from '../harness/records.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { Scene } from '../harness/scene.ts';
import { hasOpenssl } from '../harness/self-signed.ts';
import { aSigner, hoursFromNow, type Signer, signed, writeRoster } from '../harness/signing.ts';
import { entriesOf } from '../harness/trail-entries.ts';

const SECOND_NPI = '1245319599';
const ada = aSigner('Ada');
const eve = aSigner('Eve', { npi: SECOND_NPI, alg: 'ES256' });
const ended = aSigner('Ended', { npi: '1679576722', key: { valid_until: hoursFromNow(-1) } });
const gone = aSigner('Gone', {
  npi: '1000000012',
  key: { revoked_at: hoursFromNow(-1), revoked_reason: 'has left the store' },
});
const clerk = aSigner('Clerk', { npi: null, roles: ['reviewer'] });
const stranger = aSigner('Stranger');

const two = (more: object = {}): SentRecord => aRecord({ schedule: 'CII', ...more });
const by = (person: Signer, ...others: readonly Signer[]): SentRecord =>
  signed(two({ pharmacist_npi: person.npi }), person, ...others);
/** Another record, with the signature of this one. */
const moved = (): SentRecord => ({ ...two(), signatures: by(ada).signatures });

async function startGateway(scene: Scene, settings: object, pmsUrl?: string): Promise<Gateway> {
  const folder = scene.folder();
  const roster_file = writeRoster(folder, ada, eve, ended, gone, clerk);
  const config = { schedule_two: { roster_file, ...settings } };
  return await Gateway.start(scene, { folder, config, ...(pmsUrl === undefined ? {} : { pmsUrl }) });
}

/** What the lane is told first. */
async function firstAnswer(lane: PahoLane, record: SentRecord): Promise<Receipt> {
  lane.publish(wire(record));
  return await lane.receipts.last(record.idempotency_key);
}

/** Keys the PMS holds of these, asked over its own interface. */
async function known(pms: PmsProcess, records: readonly SentRecord[]): Promise<string[]> {
  const answer = await fetch(`${pms.url}/api/v1/transactions/sync/lookup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ keys: records.map((record) => record.idempotency_key) }),
  });
  const { results } = (await answer.json()) as { results: { status: string }[] };
  return results.map(({ status }) => status);
}

const BAD: readonly (readonly [string, () => SentRecord, string, RegExp])[] = [
  ['unsigned', () => two(), 'signature_missing', /not signed/],
  ['wrongly signed', () => ({ ...by(ada), quantity: 31 }), 'signature_invalid', /not over this record/],
  ['signed with a revoked key', () => by(gone), 'signature_invalid', /revoked/],
  ['signed with a key that has ended', () => by(ended), 'signature_invalid', /has ended/],
  ['signed with a key nobody has', () => signed(two(), stranger), 'signature_invalid', /not on the store's roster/],
  ['with a signature moved from another record', moved, 'signature_invalid', /not over this record/],
  ["with another pharmacist's signature", () => signed(two(), eve), 'signature_invalid', /by the pharmacist in/],
  ['with something that is no signature', () => two({ signatures: [{}] }), 'signature_invalid', /a signature is none/],
];

describe.skipIf(missing('python3 with paho'))('signature: required', () => {
  const scene = new Scene();
  let pms: PmsProcess;
  let gateway: Gateway;
  let lane: PahoLane;
  const held: SentRecord[] = [];
  beforeAll(async () => {
    pms = await PmsProcess.start(scene);
    gateway = await startGateway(scene, { signature: 'required' }, pms.url);
    lane = await PahoLane.ready(scene, gateway, 'till');
  });
  afterAll(() => scene.close());

  test.each([
    ['EdDSA', ada],
    ['ES256', eve],
  ])('%s by the dispensing pharmacist: accepted without a flag, and synced', async (_alg, person) => {
    const record = by(person);
    expect(await firstAnswer(lane, record)).toMatchObject({
      status: 'accepted',
      state: 'PENDING',
      flags: [],
      reasons: [],
    });
    expect(await lane.receipts.withStatus(record.idempotency_key, 'synced')).toMatchObject({ flags: [] });
  });

  test.each(BAD)('%s: HELD, and the lane is told why', async (_name, make, flag, why) => {
    const record = make();
    held.push(record);
    lane.publish(wire(record));
    const [accepted, later] = await lane.receipts.forKey(record.idempotency_key, 2);
    expect(accepted).toMatchObject({
      status: 'accepted',
      state: 'HELD',
      flags: [flag],
      reasons: [{ code: flag, field: 'signatures', message: expect.stringMatching(why) }],
    });
    expect(later).toMatchObject({ status: 'held', state: 'HELD', sequence: accepted?.sequence, flags: [flag] });
  });

  test('what is held is not sent, everything behind it is, and it is in view until a person acts', async () => {
    const behind = [by(ada), aRecord({ schedule: 'IV' })];
    for (const record of behind) lane.publish(wire(record));
    for (const record of behind) await lane.receipts.withStatus(record.idempotency_key, 'synced');
    expect(await known(pms, held)).toEqual(held.map(() => 'unknown'));
    expect(await known(pms, behind)).toEqual(['accepted', 'accepted']);

    const checked = async (name: string) => {
      const { checks } = (await gateway.get('/health')).body as { checks: Record<string, object[]> };
      return checks[name];
    };
    // The figures follow a commit within 100 ms: asked until they have.
    const inView = [{ observedValue: held.length, status: 'warn' }];
    await expect.poll(() => checked('records:held'), { timeout: 20_000 }).toMatchObject(inView);
    expect(await checked('roster:signers')).toMatchObject([{ observedValue: 2 }]);
    const { body } = await gateway.get('/api/v1/diagnostics');
    expect(JSON.stringify(body)).toContain(`"held":${held.length}`);
  });

  test('a resend says HELD, also after a restart', async () => {
    await gateway.restart('SIGKILL');
    const again = await PahoLane.ready(scene, gateway, 'till', { purpose: 'again' });
    for (const record of held) {
      expect(await firstAnswer(again, record)).toMatchObject({ status: 'duplicate', state: 'HELD', reasons: [] });
    }
    expect(await known(pms, held)).toEqual(held.map(() => 'unknown'));
  });
});

describe.skipIf(missing('python3 with paho'))('other settings', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  test('signature: optional flags the same records, and sends them', async () => {
    const pms = await PmsProcess.start(scene);
    const gateway = await startGateway(scene, { signature: 'optional' }, pms.url);
    const lane = await PahoLane.ready(scene, gateway, 'till');
    for (const [, make, flag] of BAD) {
      const record = make();
      expect(await firstAnswer(lane, record)).toMatchObject({ state: 'PENDING', flags: [flag] });
      await lane.receipts.withStatus(record.idempotency_key, 'synced');
    }
  });

  test('second_signer: required asks for another person, and holds without one', async () => {
    const gateway = await startGateway(scene, { second_signer: 'required' });
    const lane = await PahoLane.ready(scene, gateway, 'till');
    expect(await firstAnswer(lane, by(ada, clerk))).toMatchObject({ state: 'PENDING', flags: [] });
    for (const record of [by(ada), by(ada, ada)]) {
      expect(await firstAnswer(lane, record)).toMatchObject({ state: 'HELD', flags: ['second_signature_missing'] });
    }
  });

  test('a roster is read again on SIGHUP; a broken one leaves the one before in force', async () => {
    const gateway = await startGateway(scene, { signature: 'required' });
    const lane = await PahoLane.ready(scene, gateway, 'till');
    const reload = async (text: string) => {
      process.kill(gateway.pid, 'SIGHUP');
      return await gateway.logged(({ msg }) => msg.includes(text), text);
    };
    writeFileSync(join(gateway.folder, 'roster.yaml'), 'people:\n  - name: Ada\n');
    const complaint = await reload('the one before it stays in force');
    expect(complaint).toMatchObject({
      level: 'error',
      error: expect.stringContaining('roster.yaml:2:5: people.0.roles'),
    });
    expect(await firstAnswer(lane, by(ada))).toMatchObject({ state: 'PENDING', flags: [] });
    const { checks } = (await gateway.get('/health')).body as { checks: Record<string, { status: string }[]> };
    expect(checks['roster:file']).toMatchObject([{ status: 'warn' }]);

    writeRoster(gateway.folder, eve);
    await reload('the roster was read again');
    expect(await firstAnswer(lane, by(ada))).toMatchObject({ state: 'HELD', flags: ['signature_invalid'] });
    expect(await firstAnswer(lane, by(eve))).toMatchObject({ state: 'PENDING', flags: [] });
    await gateway.stop();

    const rosters = entriesOf(gateway.bufferFile, 'roster', 'schedule_two');
    expect(rosters.map(({ people, keys, signature }) => [people, keys, signature])).toEqual([
      [5, 5, 'required'],
      [1, 1, 'required'],
    ]);
  });

  test.skipIf(!hasOpenssl())('a lane in Python that signs with openssl', async () => {
    const gateway = await startGateway(scene, { signature: 'required' });
    const lane = await PahoLane.ready(scene, gateway, 'till');
    const key = join(scene.folder(), 'eve.pem');
    writeFileSync(key, eve.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    const signer = join(import.meta.dirname, '../harness/openssl_signer.py');
    const record = two({ pharmacist_npi: SECOND_NPI, note: 'Größe „groß“' });
    const said = spawnSync('python3', [signer, key, eve.kid], { input: wire(record), encoding: 'utf8' });
    expect(said).toMatchObject({ status: 0, stderr: '' });
    expect(await firstAnswer(lane, JSON.parse(said.stdout))).toMatchObject({ state: 'PENDING', flags: [] });
  });
});

describe('from the command line', () => {
  const scene = new Scene();
  afterAll(() => scene.close());

  const run = async (args: readonly string[], input: string | null = null) => {
    const program = Program.start(process.execPath, [COUNTERFOIL, ...args], { cwd: ROOT });
    if (input !== null) program.write(input);
    program.closeInput();
    const { code } = await program.ended();
    return { code, lines: program.lines, said: program.errorLines.join('\n') };
  };

  test('a key is made, put on the roster, checked, and signs', async () => {
    const folder = scene.folder();
    const key = join(folder, 'ada.pem');
    const roster = join(folder, 'roster.yaml');
    const person = ['--name', 'Ada Sample', '--npi', '1234567893', '--kid', 'ada-1'];
    const made = await run(['roster', 'keygen', ...person, '--out', key]);
    expect(made).toMatchObject({ code: 0, said: expect.stringContaining('private key written') });
    writeFileSync(roster, ['people:', ...made.lines, ''].join('\n'));
    const checked = await run(['roster', 'check', roster]);
    expect(checked).toMatchObject({
      code: 0,
      lines: [expect.any(String), expect.any(String), expect.stringContaining('may sign')],
    });

    const config = { schedule_two: { signature: 'required', roster_file: roster } };
    const gateway = await Gateway.start(scene, { config });
    const url = `mqtt://${gateway.mqtt.host}:${gateway.mqtt.port}`;
    const publish = ['lane', 'publish', '--url', url, '--store', STORE, '--lane', 'desk', '--json'];
    const sign = ['--sign-key', key, '--sign-kid', 'ada-1'];
    const record = wire(two());
    const { code, lines } = await run([...publish, ...sign], record);
    expect(code).toBe(0);
    expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({ status: 'accepted', state: 'PENDING', flags: [] });
    const again = await run([...publish, ...sign], record);
    expect(JSON.parse(again.lines[0] ?? '{}')).toMatchObject({ status: 'duplicate' });
    const unsigned = await run(publish, wire(two()));
    expect(JSON.parse(unsigned.lines[0] ?? '{}')).toMatchObject({ state: 'HELD', flags: ['signature_missing'] });
  });
});

describe('a gateway that must not start', () => {
  const scene = new Scene();
  afterAll(() => scene.close());

  test('without a roster where signatures are required', async () => {
    const config = { schedule_two: { signature: 'required' } };
    const { ending, said } = await Gateway.refusal(scene, { config });
    expect(ending).toMatchObject({ code: 78 });
    expect(said).toContain('schedule_two.roster_file: is missing');
  });

  test('with a broken one where signatures are required', async () => {
    const folder = scene.folder();
    writeFileSync(join(folder, 'roster.yaml'), 'people: [{name: Ada}]');
    const config = { schedule_two: { signature: 'required', roster_file: 'roster.yaml' } };
    const { ending, said } = await Gateway.refusal(scene, { folder, config });
    expect(ending).toMatchObject({ code: 78 });
    expect(said).toMatch(/roster\.yaml:1:10: people\.0\.keys: is missing/);
    expect(said).toContain('counterfoil roster check');
  });
});
