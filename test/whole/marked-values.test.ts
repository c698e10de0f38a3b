/**
 * No patient data outside the record itself. Marked values go through all of the product: taken, refused, in conflict, held,
 * released, dismissed, resolved, rejected, set aside, practised, over a kill and a restart. Then everything it puts out is
 * searched for them: log, trail, health, metrics, status, commands, file names, and the raw bytes of its own files.
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { trailBodyFault } from '../../src/record/trail-kinds.ts';
import { readWholeTrail } from '../harness/checker/trail.ts';
import { counterfoil } from '../harness/command.ts';
import { Gateway, STORE } from '../harness/gateway.ts';
import { filesBelow, lookingFor, markedRecord } from '../harness/marked.ts';
import { publish, readReceipts, subscribe } from '../harness/mosquitto.ts';
import { missing } from '../harness/programs.ts';
import { wire } from '../harness/records.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { type Signer, type TestRoster, writeRoster } from '../harness/roster.ts';
import { Scene } from '../harness/scene.ts';

const PAGES = [
  '/livez',
  '/readyz',
  '/health',
  '/metrics',
  '/api/v1/status',
  '/api/v1/diagnostics',
  '/api/v1/checkpoint',
  '/openapi.json',
  '/',
  '/charts',
  '/charts/data',
  '/lanes',
  '/waiting',
  '/trail',
  '/settings',
];
/** What this run must have told at least. */
const KINDS = [
  'access',
  'boot',
  'configuration',
  'conflict',
  'cp',
  'gap_noted',
  'hold',
  'intake',
  'practice',
  'refused',
  'review',
  'roster',
  'segment',
  'settle',
  'start',
  'stop',
  'sync_answer',
  'sync_attempt',
  'trail_key',
  'training',
  'unclean_end',
];

describe.skipIf(missing('mosquitto_pub', 'mosquitto_sub'))('marked values', () => {
  const scene = new Scene();
  const outputs = new Map<string, string | Uint8Array>();
  const keys: string[] = [];
  let gateway: Gateway;
  let pms: PmsProcess;
  let roster: TestRoster;
  let folder: string;

  const marked = (more: Readonly<Record<string, unknown>> = {}) => {
    const record = markedRecord(more);
    keys.push(record.idempotency_key);
    return record;
  };
  const command = async (name: string, ...args: string[]) => {
    const { code, output, errors } = await counterfoil(...args);
    outputs.set(`counterfoil ${name}`, `${output}\n${errors}`);
    return { code, output, errors };
  };
  const signedBy = ({ kid, keyFile }: Signer) => ['--yes', '--kid', kid, '--key', keyFile, '--meaning', 'looked at'];
  const review = (...args: string[]) =>
    command(`review ${args[0]} ${args[1]}`, 'review', ...args, '--data-dir', gateway.dataDir);

  beforeAll(async () => {
    folder = scene.folder();
    roster = writeRoster(scene.folder());
    pms = await PmsProcess.start(scene, { faults: ['reject_every_nth=2', 'unprocessable_every_nth=3'] });
    const config = { schedule_two: { roster_file: roster.file, signature: 'required' } };
    gateway = await Gateway.start(scene, { folder, pmsUrl: pms.url, config });
    const status = await subscribe(scene, gateway, 'watcher', `pos/${STORE}/status`);
    await goodAndBad();
    await heldOnes();
    await practice();
    for (const path of PAGES) outputs.set(path, await (await fetch(`${gateway.http}${path}`)).text());
    outputs.set('status topic', status.lines.join('\n'));
    outputs.set('log until the kill', gateway.output);
    await gateway.restart('SIGKILL');
    await command('status', 'status', '--url', gateway.http);
    for (const [path, bytes] of filesBelow(gateway.dataDir)) outputs.set(`running ${path}`, bytes);
    outputs.set('log after the kill', gateway.output);
    await gateway.stop();
    outputs.set('log to the end', gateway.output);
    await command('manifest list', 'manifest', 'list', '--data-dir', gateway.dataDir);
    await command('trail show', 'trail', 'show', '--trail-dir', join(gateway.dataDir, 'trail'));
    await command('trail verify', 'trail', 'verify', join(gateway.dataDir, 'trail'));
    for (const [path, bytes] of filesBelow(gateway.dataDir)) outputs.set(path, bytes);
  });
  afterAll(() => scene.close());

  /** What the PMS takes, rejects and cannot take; what is no record; a key used twice. */
  async function goodAndBad(): Promise<void> {
    const receipts = await readReceipts(scene, gateway, 'till');
    const records = [
      marked({ schedule: 'IV' }),
      marked({ schedule: 'NONE' }),
      marked({ schedule: 'V' }),
      marked({ kind: 'ADJUSTMENT', quantity_delta: '-731953.127', reason: 'ZQXJVW-reason', quantity: undefined }),
    ];
    for (const record of records) await publish(gateway, 'till', wire(record));
    const [first, second] = records;
    await publish(gateway, 'till', wire({ ...marked(), idempotency_key: first?.idempotency_key ?? '' }));
    const nothing = [
      wire(marked({ ndc: 7, schedule: 'ZQXJVW-schedule' })),
      '{"ZQXJVW-broken": ',
      '{"idempotency_key":"ZQXJVW-twice-1","idempotency_key":"ZQXJVW-twice-2"}',
      wire(marked({ filler: 'ZQXJVW-filler '.repeat(6000) })),
    ];
    for (const message of nothing) await publish(gateway, 'till', message);
    await receipts.withStatus(first?.idempotency_key ?? '', 'synced');
    await receipts.withStatus(second?.idempotency_key ?? '', 'rejected');
    await gateway.logged(({ msg }) => /set aside/.test(msg), 'a record set aside');
    expect((await review('list', '--state', 'set_aside')).output).toMatch(/SET_ASIDE/);
    await review('list', '--json');
    await review('show', 'e1');
    outputs.delete('counterfoil review show e1'); // the look at the content itself
    await review('dismiss', 'e1', ...signedBy(roster.rita));
    const corrected = join(folder, 'corrected.json');
    writeFileSync(corrected, wire(marked({ refers_to: second?.idempotency_key, schedule: 'NONE' })));
    await review('resolve', '2', '--record', corrected, ...signedBy(roster.rita));
  }

  /** Schedule II without signatures, and acts that go wrong. */
  async function heldOnes(): Promise<void> {
    const receipts = await readReceipts(scene, gateway, 'till-two');
    const two = [marked({ schedule: 'II' }), marked({ schedule: 'II' })];
    for (const record of two) await publish(gateway, 'till-two', wire(record));
    for (const { idempotency_key: key } of two) await receipts.withStatus(key, 'held');
    const { output } = await review('list', '--state', 'held', '--json');
    const [released, dismissed] = (JSON.parse(output) as { items: { number: number }[] }).items;
    await review('release', String(released?.number), ...signedBy(roster.paul));
    await review('dismiss', String(dismissed?.number), ...signedBy(roster.stranger));
    await review('dismiss', String(dismissed?.number), ...signedBy(roster.rita));
    await receipts.withStatus(two[0]?.idempotency_key ?? '', 'synced');
  }

  async function practice(): Promise<void> {
    const started = await command(
      'lane training',
      'lane',
      'training',
      '--lane',
      'trainee',
      '--hours',
      '1',
      '--data-dir',
      gateway.dataDir,
    );
    expect(started).toMatchObject({ code: 0 });
    const topic = `pos/${STORE}/trainee/training`;
    for (const message of [wire(marked()), '{"ZQXJVW-practice"']) {
      expect(await publish(gateway, 'trainee', message, { topic })).toMatchObject({ acknowledged: true });
    }
  }

  test('can be found: the PMS has them, and so has a look at the content', async () => {
    const atPms = lookingFor(keys).in(filesBelow(dirname(pms.db)));
    expect(atPms.filter((path) => path.startsWith(pms.db))).not.toEqual([]);
    const base64 = Buffer.from('x{"lot":"ZQXJVW-lot"}').toString('base64');
    const plainHash = Buffer.from(keys[0] ?? '');
    expect(
      lookingFor(keys).in(
        new Map<string, string | Uint8Array>([
          ['a', base64],
          ['b', plainHash],
          ['c', 'nothing'],
        ]),
      ),
    ).toEqual(['a', 'b']);
  });

  test('are in nothing that the gateway puts out or writes', () => {
    expect(outputs.size).toBeGreaterThan(30);
    const searched = [...outputs.keys()].join('\n');
    for (const name of [
      '/metrics',
      'buffer.db',
      'buffer.db-wal',
      'trail/audit/s0',
      'trail/schedule_two/s0',
      'addresses.json',
    ]) {
      expect(searched).toContain(name);
    }
    expect(lookingFor(keys).in(outputs)).toEqual([]);
  });

  test('every entry of the trails is of a known kind and has the body of that kind', () => {
    const entries = ([0, 1] as const).flatMap((log) =>
      readWholeTrail(gateway.dataDir, log).map((text) => JSON.parse(text)),
    );
    expect(entries.flatMap(({ k, r }) => trailBodyFault(k, r) ?? [])).toEqual([]);
    expect([...new Set(entries.map(({ k }) => String(k)))]).toEqual(expect.arrayContaining(KINDS));
  });
});
