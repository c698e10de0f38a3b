/** Settled records leave the buffer for the archive and are still there for a till, for the PMS and for an inspector. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCsv } from '../../src/record/csv.ts';
import { archivedAtLeast, archiveFiles, SHORT_ARCHIVE } from '../harness/archived.ts';
import { counterfoil } from '../harness/command.ts';
import { Gateway } from '../harness/gateway.ts';
import { publish, readReceipts } from '../harness/mosquitto.ts';
import { missing } from '../harness/programs.ts';
import { aRecord, type SentRecord, wire } from '../harness/records.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { type Signer, type TestRoster, writeRoster } from '../harness/roster.ts';
import { Scene } from '../harness/scene.ts';
import { entriesOf } from '../harness/trail-entries.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const MARK = 'PATIENT-MARK';

/** Records of three kinds: their patients and prescribers are easy to find in anything that is not sealed. */
function someRecords(): SentRecord[] {
  return Array.from({ length: 8 }, (_, n) =>
    aRecord({
      schedule: n % 2 === 0 ? 'II' : 'IV',
      ndc: n < 4 ? '0574-4072-05' : '12345-678-90',
      prescriber_dea: n < 2 ? 'AB1234563' : 'BB1388568',
      patient_ref: `${MARK}-${n % 3}`,
      note: n === 0 ? '=HYPERLINK("http://example.org")' : 'kept as sent',
    }),
  );
}

async function archived(): Promise<{ gateway: Gateway; sent: SentRecord[]; pms: PmsProcess; roster: TestRoster }> {
  const roster = writeRoster(scene.folder());
  const pms = await PmsProcess.start(scene);
  const gateway = await Gateway.start(scene, {
    pmsUrl: pms.url,
    config: { schedule_two: { roster_file: roster.file } },
    preload: [SHORT_ARCHIVE],
  });
  const receipts = await readReceipts(scene, gateway, 'till');
  const sent = someRecords();
  // The newest settled record of each stream stays in the buffer.
  const newest = [aRecord({ schedule: 'II' }), aRecord()];
  for (const record of [...sent, ...newest]) {
    await publish(gateway, 'till', wire(record));
    await receipts.withStatus(record.idempotency_key, 'synced');
  }
  await archivedAtLeast(gateway, sent.length);
  return { gateway, sent: [...sent, ...newest], pms, roster };
}

const records = (gateway: Gateway, ...args: string[]) => counterfoil('records', ...args, '--data-dir', gateway.dataDir);

describe.skipIf(missing('mosquitto_pub', 'mosquitto_sub'))('archived records', () => {
  test('are answered when they come late, found, exported as they were sent, and nowhere in clear', async () => {
    const { gateway, sent } = await archived();
    const [first] = sent;
    if (first === undefined) throw new Error('nothing was sent');
    const files = archiveFiles(gateway);
    expect([...files.keys()].map((name) => name.replace(/[0-9]{4}-[0-9]{2}/, 'month'))).toEqual([
      'schedule_two/month.0001.cfa',
      'standard/month.0001.cfa',
    ]);
    for (const bytes of files.values()) {
      const text = bytes.toString('latin1');
      expect(text).not.toMatch(new RegExp(`${MARK}|RX-|AB1234563|${first.idempotency_key}`));
    }

    await gateway.restart('SIGKILL');
    const receipts = await readReceipts(scene, gateway, 'till');
    await publish(gateway, 'till', wire(first));
    expect(await receipts.withStatus(first.idempotency_key, 'duplicate')).toMatchObject({
      state: 'SYNCED',
      sequence: 1,
    });
    await publish(gateway, 'till', wire({ ...first, quantity: 31 }));
    await receipts.withStatus(first.idempotency_key, 'conflict');

    // Everything, whole, once.
    const all = await records(gateway, 'export', '--format', 'json');
    expect(all).toMatchObject({ code: 0 });
    const found = JSON.parse(all.output) as {
      record: SentRecord;
      payload_hash: string;
      held_in: string;
      state: string;
    }[];
    expect(found.map(({ record }) => record.idempotency_key).sort()).toEqual(
      sent.map((record) => record.idempotency_key).sort(),
    );
    expect(new Set(found.map(({ held_in: place }) => place))).toEqual(new Set(['archive', 'buffer']));
    for (const { record, payload_hash: hash, state } of found) {
      const original = sent.find(({ idempotency_key: key }) => key === record.idempotency_key);
      expect(record).toMatchObject({ prescription_id: original?.prescription_id, quantity: 30 });
      expect(record.note).toBe(original?.note);
      expect(state).toBe('SYNCED');
      expect(createHash('sha256').update(canonical(record)).digest('hex')).toBe(hash);
    }

    // By patient and drug, as a look through what was sent finds them.
    const keysBy = async (...args: string[]) => {
      const { output } = await records(gateway, 'export', '--format', 'json', ...args);
      return (JSON.parse(output) as { record: SentRecord }[]).map(({ record }) => record.idempotency_key).sort();
    };
    const keysOf = (wanted: (record: SentRecord) => boolean) =>
      sent
        .filter(wanted)
        .map((record) => record.idempotency_key)
        .sort();
    expect(await keysBy('--patient', `${MARK}-1`, '--ndc', '12345-678-90')).toEqual(
      keysOf((record) => record.patient_ref === `${MARK}-1` && record.ndc === '12345-678-90'),
    );

    // As CSV in a file of this user's own; what a spreadsheet would run is text.
    const file = join(gateway.folder, 'export.csv');
    expect(await records(gateway, 'export', '--output', file)).toMatchObject({ code: 0, output: '' });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { rows } = readCsv(readFileSync(file, 'utf8'), ',');
    expect(rows).toHaveLength(sent.length + 1);

    // Every look is in the trail, without a value of it.
    await gateway.stop();
    const offline = await records(gateway, 'search', '--lane', 'till', '--json');
    expect(offline).toMatchObject({ code: 1, errors: expect.stringMatching(/no gateway is running[\s\S]*--offline/) });
    expect(await records(gateway, 'search', '--lane', 'till', '--offline')).toMatchObject({ code: 0 });
    const shown = await counterfoil('trail', 'show', join(gateway.dataDir, 'trail'), '--kind', 'access', '--json');
    const looks = shown.output.split('\n').map((line) => (JSON.parse(line) as { r: Record<string, unknown> }).r);
    expect(looks).toContainEqual(expect.objectContaining({ way: 'export', kinds: ['patient', 'ndc'], of: 'records' }));
    expect(looks).toContainEqual(
      expect.objectContaining({ way: 'export', count: sent.length, by: expect.any(String) }),
    );
    expect(shown.output).not.toMatch(new RegExp(`${MARK}|AB1234563`));
    expect(entriesOf(gateway.bufferFile, 'access').at(-1)).toMatchObject({ way: 'search', count: sent.length });

    // The trail tells of every frame of the archive, and one other bit in one of them is found.
    const trail = join(gateway.dataDir, 'trail');
    const verified = await counterfoil('trail', 'verify', trail);
    expect(verified).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^archive: holds\n {2}8 records in 2 files/m),
    });
    const [name = '', bytes = Buffer.of()] = [...files][0] ?? [];
    const at = bytes.length - 40;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(join(trail, 'archive', name), bytes);
    const altered = await counterfoil('trail', 'verify', trail, '--json');
    const { archive } = JSON.parse(altered.output) as { archive: object };
    expect(altered.code).toBe(1);
    expect(archive).toMatchObject({
      faults: [{ code: 'archive_frame', file: name, offset: bytes.lastIndexOf('CFFR\0') }],
    });
    expect(await counterfoil('trail', 'verify', trail, '--no-archive')).toMatchObject({ code: 0 });
  });

  test('are handed out again to a PMS that has lost them', async () => {
    const { gateway, sent, pms } = await archived();
    await pms.stop();
    const other = await PmsProcess.start(scene, { url: pms.url });
    const more = [aRecord({ schedule: 'II' }), aRecord()];
    for (const record of more) await publish(gateway, 'till', wire(record));
    expect(await other.holds(sent.length + more.length)).toBe(sent.length + more.length);
    const rows = other.query<{ key: string }>('SELECT idempotency_key AS key FROM records');
    expect(rows.map(({ key }) => key).sort()).toEqual(
      [...sent, ...more].map((record) => record.idempotency_key).sort(),
    );
  });

  test('are kept until their time is over, whoever signs', async () => {
    const { gateway, roster } = await archived();
    const signers = (first: Signer, second: Signer) => [
      ...['--kid', first.kid, '--key', first.keyFile, '--second-kid', second.kid, '--second-key', second.keyFile],
      ...['--meaning', 'over', '--yes', '--until', '2099-12'],
    ];
    const months = await records(gateway, 'months');
    expect(months.output).toMatch(/^[0-9]{4}-[0-9]{2} {2}(standard|schedule_two) +4 records, .* kept until /m);
    await gateway.getOnce('/api/v1/status', ({ clock }) => JSON.stringify(clock).includes('"synchronised"'), 'a clock');
    const kept = await records(gateway, 'expire', ...signers(roster.rita, roster.paul));
    expect(kept).toMatchObject({ code: 1, errors: expect.stringContaining('is to be kept until') });
    const alone = await records(gateway, 'expire', ...signers(roster.rita, roster.rita));
    expect(alone).toMatchObject({ code: 1, errors: expect.stringContaining('of one person') });
  });
});

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`;
}
