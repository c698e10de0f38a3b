import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { configCommand } from '../../../src/main/commands/config.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-config-command-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(text: string): string {
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, text);
  return file;
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const result = { output: '', code: 0 };
  const io = {
    env,
    write: (text: string) => {
      result.output += text;
    },
    exitWith: (code: number) => {
      result.code = code;
    },
  };
  await configCommand(io).parseAsync(args, { from: 'user' });
  return result;
}

test('validate says that a file is good, and what is weak about it', async () => {
  const file = write('gateway: {store: "1"}\nmqtt: {listen: [{url: "mqtt://0.0.0.0:1883", allow_plain: true}]}\n');
  const { output } = await run(['validate', file]);
  expect(output).toMatch(/gateway\.yaml: valid\nwarning: mqtt\.listen\.0\.allow_plain: Lanes use .*without TLS/);
  expect(JSON.parse((await run(['validate', file, '--json'])).output)).toMatchObject({ valid: true, warnings: [{}] });
});

test('validate finds the file by $COUNTERFOIL_CONFIG', async () => {
  const file = write('gateway: {store: "1"}');
  expect((await run(['validate'], { COUNTERFOIL_CONFIG: file })).output).toBe(`${file}: valid\n`);
});

test('validate says everything that is wrong', async () => {
  const file = write('gateway: {store: 1}\nsnyc: {}\n');
  await expect(run(['validate', file])).rejects.toMatchObject({ code: 'config_invalid', exitCode: 78 });
  const { output, code } = await run(['validate', file, '--json']);
  expect(code).toBe(78);
  expect(JSON.parse(output)).toMatchObject({
    valid: false,
    errors: [expect.stringMatching(/1:18.*quotes/), expect.stringMatching(/2:1.*sync/)],
  });
});

test('show prints what is in force and where it comes from, and can be read again', async () => {
  const file = write('gateway: {store: "0042"}\n');
  const { output } = await run(['show', file], { COUNTERFOIL_SYNC_BATCH_SIZE: '9' });
  expect(output).toContain(`store: "0042" # ${file}\n`);
  expect(output).toContain('batch_size: 9 # environment variable COUNTERFOIL_SYNC_BATCH_SIZE\n');
  expect(output).toContain('profile: batch\n');
  expect(output).toContain(`trail_dir: ${folder}/data/trail\n`);
  const asJson = JSON.parse((await run(['show', file, '--json'], { COUNTERFOIL_SYNC_BATCH_SIZE: '9' })).output);
  expect(parse(output)).toEqual(asJson);
});

test('schema prints the JSON Schema', async () => {
  const { output } = await run(['schema']);
  expect(JSON.parse(output)).toMatchObject({ properties: { gateway: { properties: { store: { type: 'string' } } } } });
});
