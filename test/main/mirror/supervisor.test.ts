import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.ts';
import { MirrorSupervisor } from '../../../src/main/mirror/supervisor.ts';
import { MIRROR_TIMING } from '../../../src/main/mirror/timing.ts';
import { HandTime } from '../../harness/hand-time.ts';

/** Takes the place of one that was asked once. */
const ANSWERING = `
  process.stdin.on('data', () => process.stdout.write(JSON.stringify({ tick: 2, fault: null }) + '\\n'));
  process.stdin.on('end', () => process.exit(0));`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'supervisor-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['half an answer and then its end', `process.stdout.write('{"tick":1,"fau', () => process.exit(1));`],
  ['a line that is no answer', `process.stdout.write('hello\\n'); setInterval(() => {}, 1000);`],
])('%s is a fault of the mirror, not of the gateway, and another process takes its place', async (_name, script) => {
  const program = join(folder, 'child.cjs');
  writeFileSync(program, script);
  const time = new HandTime();
  const told = { warn: Promise.withResolvers<void>(), info: Promise.withResolvers<void>() };
  const log = { ...silentLog, warn: () => told.warn.resolve(), info: () => told.info.resolve() };
  const task = { dataDir: folder, trailDir: folder, mirrorDir: folder };
  const mirror = new MirrorSupervisor({ task, clock: time, timers: time, log, lastSequence: () => 7, program });
  mirror.start();
  await told.warn.promise;
  expect(mirror.facts()).toMatchObject({ lagRecords: null, fault: { code: 'internal' } });
  writeFileSync(program, ANSWERING);
  await time.pass(MIRROR_TIMING.respawnMs);
  await told.info.promise;
  expect(mirror.facts()).toMatchObject({ lagRecords: 0, fault: null });
  const stopped = mirror.stop();
  await time.pass(3 * MIRROR_TIMING.lastTickMs);
  await stopped;
});
