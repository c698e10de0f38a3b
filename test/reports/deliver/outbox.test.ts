import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.ts';
import type { StoredReport } from '../../../src/reports/api.ts';
import { DeliveryFault } from '../../../src/reports/deliver/faults.ts';
import { Jobs } from '../../../src/reports/deliver/jobs.ts';
import { Outbox } from '../../../src/reports/deliver/outbox.ts';
import type { Parcel, Progress, Target } from '../../../src/reports/deliver/target.ts';
import { readReport, storeReport } from '../../../src/reports/folder.ts';
import { HandTime } from '../../harness/hand-time.ts';
import { smallReport } from '../small-report.ts';

const LONGEST_MS = 60_000;
let folder: string;
let time: HandTime;
let notes: unknown[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-outbox-'));
  time = new HandTime();
  notes = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Takes what its script says, in order; then everything. */
class ScriptedTarget implements Target {
  readonly kinds = ['daily', 'schedule_two'];
  readonly taken: string[] = [];
  readonly name: string;
  readonly way: 'mail' | 'sftp';
  script: ((parcel: Parcel, progress: Progress) => Promise<void>)[];

  constructor(name: string, way: 'mail' | 'sftp', script: ScriptedTarget['script'] = []) {
    this.name = name;
    this.way = way;
    this.script = script;
  }

  async deliver(parcel: Parcel, progress: Progress): Promise<void> {
    await this.script.shift()?.(parcel, progress);
    this.taken.push(parcel.id);
  }

  async check(): Promise<void> {}
}

const fails = async () => {
  throw new DeliveryFault('unreachable', 'ECONNREFUSED');
};

async function report(id: string): Promise<StoredReport> {
  const rendered = await smallReport(id);
  const files = [{ name: 'report.pdf', bytes: rendered.pdf }];
  const facts = { trailHolds: true, asOfUtc: '2026-11-24T05:00:00.000Z', run: null };
  return storeReport(join(folder, 'reports'), { rendered, files, signedBy: null, unsigned: null }, facts);
}

function outbox(
  targets: readonly Target[],
  note = async (body: unknown): Promise<unknown> => notes.push(body),
): Outbox {
  const made = new Outbox({
    options: { retryMs: 1000, longestMs: LONGEST_MS },
    targets,
    jobs: new Jobs(join(folder, 'outbox'), (name) => notes.push({ unreadable: name })),
    read: (id) => readReport(join(folder, 'reports', id)),
    note,
    clock: time,
    timers: time,
    random: () => 0.999,
    log: silentLog,
  });
  made.start();
  return made;
}

test('each report goes to each target once, also when it is handed over again', async () => {
  const target = new ScriptedTarget('board', 'sftp');
  const box = outbox([target]);
  const made = await report('daily-20261123-0123456789ab');
  await box.enqueue(made);
  await box.enqueue(made);
  await time.pass(0);
  await box.enqueue(made);
  await box.stop();
  expect(target.taken).toEqual([made.manifest.id]);
  expect(notes).toMatchObject([{ step: 'queued' }, { step: 'delivered', attempts: 1 }]);
  const again = outbox([target]);
  await again.enqueue(made);
  await again.stop();
  expect(target.taken).toHaveLength(1);
});

test('a confidential report is not even queued for a mail target', async () => {
  const [mail, sftp] = [new ScriptedTarget('compliance', 'mail'), new ScriptedTarget('board', 'sftp')];
  const box = outbox([mail, sftp]);
  await box.enqueue(await report('schedule_two-20261101-0123456789ab'));
  await time.pass(0);
  await box.stop();
  expect([mail.taken.length, sftp.taken.length]).toEqual([0, 1]);
  expect(readdirSync(join(folder, 'outbox'))).toEqual(['schedule_two-20261101-0123456789ab.board.json']);
});

test('it tries again, waiting longer up to the longest, and the trail hears of a fault once', async () => {
  const target = new ScriptedTarget(
    'board',
    'sftp',
    Array.from({ length: 12 }, () => fails),
  );
  const box = outbox([target]);
  await box.enqueue(await report('daily-20261123-0123456789ab'));
  await time.pass(0);
  expect(box.facts()).toMatchObject([{ waiting: 1, fault: { code: 'unreachable', attempts: 1 } }]);
  const waits: number[] = [];
  for (let before = target.script.length; target.taken.length === 0; before = target.script.length) {
    const beganMs = time.monotonicMs();
    while (target.script.length === before && target.taken.length === 0) await time.pass(500);
    waits.push(time.monotonicMs() - beganMs);
  }
  await box.stop();
  expect(waits.slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
  expect(Math.max(...waits)).toBe(LONGEST_MS);
  expect(notes).toMatchObject([
    { step: 'queued' },
    { step: 'failed', code: 'unreachable' },
    { step: 'delivered', attempts: 13 },
  ]);
});

test('a report that nobody takes holds up no other', async () => {
  const bad = 'daily-20261122-0123456789ab';
  const refuse = async ({ id }: Parcel) => {
    if (id === bad) throw new DeliveryFault('too_large', '552');
  };
  const target = new ScriptedTarget(
    'board',
    'sftp',
    Array.from({ length: 40 }, () => refuse),
  );
  const box = outbox([target]);
  await box.enqueue(await report(bad));
  await box.enqueue(await report('daily-20261123-0123456789ab'));
  await time.pass(10_000);
  expect(target.taken).toEqual(['daily-20261123-0123456789ab']);
  await box.stop();
});

test('steps that are done stay done over an end of the process', async () => {
  const steps: string[][] = [];
  const half = async (_parcel: Parcel, progress: Progress) => {
    const left = ['one', 'two'].filter((step) => !progress.has(step));
    steps.push(left);
    await progress.done(left[0] ?? '');
    if (left.length > 1) throw new DeliveryFault('unreachable', 'cut');
  };
  const first = outbox([new ScriptedTarget('board', 'sftp', [half])]);
  await first.enqueue(await report('daily-20261123-0123456789ab'));
  await time.pass(0);
  await first.stop();
  const second = outbox([new ScriptedTarget('board', 'sftp', [half])]);
  await time.pass(0);
  await second.stop();
  expect(steps).toEqual([['one', 'two'], ['two']]);
  expect(second.facts()).toMatchObject([{ waiting: 0, delivered: 1 }]);
});

test('an entry that does not reach the trail leaves the report waiting', async () => {
  const target = new ScriptedTarget('board', 'sftp');
  let refuseDelivered = true;
  const box = outbox([target], async (body) => {
    if (refuseDelivered && (body as { step: string }).step === 'delivered') throw new Error('disk');
    notes.push(body);
  });
  await box.enqueue(await report('daily-20261123-0123456789ab'));
  await time.pass(0);
  expect(box.facts()).toMatchObject([{ waiting: 1, delivered: 0 }]);
  refuseDelivered = false;
  await time.pass(LONGEST_MS);
  await box.stop();
  expect(box.facts()).toMatchObject([{ waiting: 0, delivered: 1 }]);
});

test('a report whose file was changed is not sent', async () => {
  const target = new ScriptedTarget('board', 'sftp');
  const box = outbox([target]);
  const made = await report('daily-20261123-0123456789ab');
  writeFileSync(join(made.folder, 'report.pdf'), 'forged');
  await box.enqueue(made);
  await time.pass(0);
  await box.stop();
  expect(target.taken).toEqual([]);
  expect(box.facts()).toMatchObject([{ fault: { code: 'report_damaged' } }]);
});

test('what waits for a target that is gone is shown, and a person can take it out', async () => {
  const first = outbox([new ScriptedTarget('board', 'sftp', [fails])]);
  await first.enqueue(await report('daily-20261123-0123456789ab'));
  await time.pass(0);
  await first.stop();
  const second = outbox([]);
  expect(second.facts()).toMatchObject([{ name: 'board', way: null, fault: { code: 'target_unknown' } }]);
  expect(await second.drop('board', 'anna')).toBe(1);
  expect(second.facts()).toEqual([]);
  expect(notes.at(-1)).toMatchObject({ step: 'dropped', by: 'anna', target: 'board' });
  await second.stop();
});

test('an unreadable file of the outbox keeps nobody from the others', async () => {
  const first = outbox([new ScriptedTarget('board', 'sftp', [fails])]);
  await first.enqueue(await report('daily-20261123-0123456789ab'));
  await time.pass(0);
  await first.stop();
  writeFileSync(join(folder, 'outbox', 'daily-1.board.json'), '{"v":1');
  const target = new ScriptedTarget('board', 'sftp');
  const second = outbox([target]);
  await time.pass(0);
  await second.stop();
  expect(target.taken).toHaveLength(1);
  expect(notes).toContainEqual({ unreadable: 'daily-1.board.json' });
});

test('another try at once when a person asks', async () => {
  const target = new ScriptedTarget('board', 'sftp', [fails]);
  const box = outbox([target]);
  await box.enqueue(await report('daily-20261123-0123456789ab'));
  await time.pass(0);
  box.retryNow();
  await time.pass(0);
  await box.stop();
  expect(target.taken).toHaveLength(1);
});

test('other targets in the run: what waits goes by the new settings, what waits for one that is gone is told', async () => {
  const old = new ScriptedTarget('board', 'sftp', [fails]);
  const gone = new ScriptedTarget('office', 'sftp', [fails]);
  const made = outbox([old, gone]);
  await made.enqueue(await report('daily-20261123-0123456789ab'));
  await time.pass(1);
  const renewed = new ScriptedTarget('board', 'sftp');
  made.setTargets([renewed]);
  await time.pass(1);
  expect([old.taken, renewed.taken]).toEqual([[], ['daily-20261123-0123456789ab']]);
  await time.pass(2 * LONGEST_MS);
  expect(gone.taken).toEqual([]);
  expect(made.facts()).toMatchObject([
    { name: 'board', waiting: 0, delivered: 1 },
    { name: 'office', way: null, waiting: 1, fault: { code: 'target_unknown' } },
  ]);
  await made.stop();
});
