/** `counterfoil setup` as a person meets it, at a terminal; and `config validate --live` on what it wrote. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { counterfoil } from '../harness/command.ts';
import { COUNTERFOIL } from '../harness/gateway.ts';
import { Program } from '../harness/program.ts';
import { PmsProcess } from '../harness/reference-pms.ts';
import { Scene } from '../harness/scene.ts';
import { Terminal } from '../harness/terminal.ts';

let scene: Scene;
let folder: string;
let file: string;
beforeEach(() => {
  scene = new Scene();
  folder = scene.folder();
  file = join(folder, 'store.yaml');
});
afterEach(() => scene.close());

const atTerminal = (...args: string[]) =>
  Terminal.start(scene, folder, [process.execPath, COUNTERFOIL, 'setup', '--out', file, ...args].join(' '));

test('at a terminal: a wrong answer is asked for again, the token is not shown, the file passes and says what it means', async () => {
  const pms = await PmsProcess.start(scene);
  const terminal = atTerminal('--lanes', 'local', '--screens', 'local', '--production', 'no');
  await terminal.answer('Number of the store', 'store 42');
  await terminal.shows('gateway.store: "store 42" cannot be used');
  await terminal.answer('Number of the store', '0042');
  await terminal.answer('Name of the store', 'North Street');
  await terminal.answer('DEA registration', '');
  await terminal.answer('Time zone', 'America/Chicago');
  await terminal.answer('Directory of the buffer', '');
  await terminal.answer('Address of the PMS', pms.url);
  await terminal.answer('File with the token of the PMS', '');
  await terminal.answer('Second factor', 'sometimes');
  await terminal.shows('Write optional or required.');
  await terminal.answer('Second factor', '');
  await terminal.answer('that its pharmacist has not signed', '');
  for (const left of ['Roster', 'Recovery', 'Socket of the sealer', 'Directory of the trail', 'Time server']) {
    await terminal.answer(left, '');
  }
  await terminal.answer('Token of the PMS, not shown', 'sesame-4711');
  await terminal.answer('Make a token for monitoring', 'y');
  expect(await terminal.ended()).toBe(0);
  expect(terminal.screen).not.toContain('sesame');

  const text = readFileSync(file, 'utf8');
  expect(text).toContain('# Number or name of the store, part of every MQTT topic.');
  expect(text).toContain('time_zone: America/Chicago');
  expect(text).not.toContain('sesame');
  expect(readFileSync(join(folder, 'secrets/pms-token'), 'utf8')).toBe('sesame-4711\n');
  expect(statSync(join(folder, 'secrets/monitor-token')).mode & 0o777).toBe(0o600);
  expect((await counterfoil('config', 'validate', file)).code).toBe(0);
});

test('the gateway starts on it; a second run keeps off; --live tells what works and what does not', async () => {
  const pms = await PmsProcess.start(scene);
  const args = ['setup', '--out', file, '--yes', '--store', '0042', '--pms-url', pms.url];
  expect((await counterfoil(...args)).code).toBe(0);
  const written = readFileSync(file, 'utf8');
  const again = await counterfoil(...args);
  expect([again.code, again.errors]).toEqual([2, expect.stringContaining('is there already; nothing is written')]);
  expect(readFileSync(file, 'utf8')).toBe(written);

  const env = {
    ...process.env,
    COUNTERFOIL_MQTT_LISTEN_0_URL: 'mqtt://127.0.0.1:0',
    COUNTERFOIL_HTTP_URL: 'http://127.0.0.1:0',
  };
  const gateway = Program.start(process.execPath, [COUNTERFOIL, 'run', '--config', file], { env });
  scene.onClose(() => gateway.stop('SIGKILL'));
  await gateway.line((line) => line.includes('"msg":"ready"'), 'the line "ready"');
  expect(await gateway.stop()).toEqual({ code: 0, signal: null });

  const live = await counterfoil('config', 'validate', '--live', file);
  expect(live.output).toMatch(/^.*store\.yaml: valid\n/);
  expect(live.output).toMatch(/^ok +pms heartbeat /m);
  expect(live.output).toMatch(/^ok +commits /m);
  await pms.stop();
  const dead = await counterfoil('config', 'validate', '--live', '--json', file);
  const { findings } = JSON.parse(dead.output) as { findings: { check: string; status: string; advice: string }[] };
  expect(dead.code).toBe(1);
  expect(findings.find(({ check }) => check === 'pms tcp')).toMatchObject({
    status: 'fail',
    advice: expect.stringContaining('pms.url'),
  });
});

test('Ctrl-C in the middle writes nothing', async () => {
  const terminal = atTerminal();
  await terminal.answer('Number of the store', '0042');
  await terminal.answer('Name of the store', '\u0003');
  expect(await terminal.ended()).toBe(2);
  expect(terminal.screen).toContain('nothing is written');
  expect(() => statSync(file)).toThrow('ENOENT');
});
