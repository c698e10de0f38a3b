/** Processes of the show: ready, killed, asked to end, and ended before they were ready. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { systemTimers } from '../../../src/base/clock.ts';
import { Child } from '../../../src/demo/show/child.ts';

/** Whether the process is there and no zombie that nobody has waited for (proc(5), field 3 of stat). */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const FOR_EVER = 'setInterval(() => {}, 1e6);';
const READY = `console.log('not this'); console.log(JSON.stringify({ msg: 'ready', url: 'http://x' }));`;

function aChild(program: string) {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-child-'));
  const logFile = join(folder, 'child.log');
  const child = new Child({
    program: { runtime: process.execPath, args: ['-e'] },
    args: [program],
    logFile,
    timers: systemTimers,
  });
  onTestFinished(async () => {
    await child.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  return { child, log: () => readFileSync(logFile, 'utf8') };
}

test('is ready when it says so; kill -9 ends it at once', async () => {
  const { child, log } = aChild(READY + FOR_EVER);
  expect(await child.start()).toEqual({ msg: 'ready', url: 'http://x' });
  expect(child.isRunning).toBe(true);
  await child.kill();
  expect(await child.ended).toEqual({ code: null, signal: 'SIGKILL' });
  expect(child.isRunning).toBe(false);
  expect(log()).toContain('not this');
});

test('is asked to end', async () => {
  const { child } = aChild(`process.on('SIGTERM', () => process.exit(3));${READY}${FOR_EVER}`);
  await child.start();
  await child.stop(30_000);
  expect(await child.ended).toEqual({ code: 3, signal: null });
  await child.stop(30_000);
});

test('is made to end when it does not listen', async () => {
  const { child } = aChild(`process.on('SIGTERM', () => {});${READY}${FOR_EVER}`);
  await child.start();
  await child.stop(1);
  expect(await child.ended).toEqual({ code: null, signal: 'SIGKILL' });
});

test('an end before it is ready is an error with its last words', async () => {
  const { child } = aChild(`console.error('the port is taken'); process.exitCode = 78;`);
  await expect(child.start()).rejects.toThrow('the port is taken');
});

test('a program that is not there is an error, not a wait', async () => {
  const child = new Child({
    program: { runtime: '/nowhere/node', args: [] },
    args: ['run'],
    logFile: '/dev/null',
    timers: systemTimers,
  });
  await expect(child.start()).rejects.toThrow('ended before it was ready');
});

test('does not outlive a show that is killed', async () => {
  const owner = spawn(process.execPath, [fileURLToPath(new URL('./child-owner.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void owner.kill('SIGKILL'));
  const pid = Number(await new Promise((resolve) => owner.stdout.once('data', resolve)));
  expect(isRunning(pid)).toBe(true);
  owner.kill('SIGKILL');
  await vi.waitUntil(() => !isRunning(pid), { timeout: 20_000 });
});

test('settings of a real gateway on this machine do not reach it', async () => {
  process.env.COUNTERFOIL_HTTP_URL = 'http://127.0.0.1:1';
  onTestFinished(() => {
    delete process.env.COUNTERFOIL_HTTP_URL;
  });
  const { child } = aChild(
    `console.log(JSON.stringify({ msg: 'ready', it: process.env.COUNTERFOIL_HTTP_URL ?? null }))`,
  );
  expect(await child.start()).toEqual({ msg: 'ready', it: null });
});
