/** The command line of the demonstration; what it plays is tested as a whole in test/whole/demo.test.ts. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { demoCommand } from '../../../src/main/commands/demo.ts';
import type { CommandIo } from '../../../src/main/commands/io.ts';
import { SmallStore } from '../../demo/checker/small-store.ts';

async function run(...args: string[]): Promise<{ code: number; output: string }> {
  const outcome = { code: 0, output: '' };
  const io: CommandIo = {
    env: {},
    write(text) {
      outcome.output += text;
    },
    exitWith(code) {
      outcome.code = code;
    },
  };
  await demoCommand(io).parseAsync(args, { from: 'user' });
  return outcome;
}

const pathsOf = ({ files }: SmallStore) => [
  '--outboxes',
  files.outboxes,
  '--data-dir',
  files.dataDir,
  '--pms-db',
  files.pmsDb,
];

test('check: a verdict in words, in JSON and as exit code', async () => {
  const store = await SmallStore.open();
  expect(await run('check', ...pathsOf(store))).toEqual({
    code: 0,
    output: 'content: lost 0, twice 0, 6 durable, 4 at PMS, 2 pending\n',
  });
  const { code, output } = await run('check', ...pathsOf(store), '--complete', '--altered', '1,2', '--json');
  expect(code).toBe(1);
  expect(JSON.parse(output)).toMatchObject({ content: false, counts: { acknowledged: 7 }, problems: { length: 3 } });
  expect(await run('check', ...pathsOf(store), '--complete')).toEqual({
    code: 1,
    output: expect.stringMatching(/^2 records are not settled\nNOT CONTENT: 2 records are not settled; lost 0/),
  });
});

test('check: what is not there is no verdict', async () => {
  const nowhere = join(tmpdir(), 'counterfoil-nowhere');
  const paths = ['--outboxes', nowhere, '--data-dir', nowhere, '--pms-db', nowhere];
  await expect(run('check', ...paths)).rejects.toMatchObject({ code: 'storage_io', exitCode: 74 });
});

test.each([
  ['--rate', '0'],
  ['--rate', 'fast'],
  ['--duration', '-1'],
])('%s %s is a usage error', async (...args) => {
  await expect(run(...args)).rejects.toMatchObject({ code: 'usage' });
});

test('a list of sequences is digits and commas', async () => {
  const paths = ['--outboxes', 'x', '--data-dir', 'x', '--pms-db', 'x'];
  await expect(run('check', ...paths, '--altered', '1, 2')).rejects.toMatchObject({ code: 'usage' });
});

test('an argument that is no command is refused, not played', async () => {
  await expect(run('chekc')).rejects.toMatchObject({ exitCode: 1 });
});
